// What Python hands to plans: arrays for inputs, an order of their rows, vectors of parameters. The
// arrays stay alive with their caller.
#pragma once
#include <string>
#include <vector>

#include "bind/arrays.h"
#include "graph/feed.h"
#include "graph/graph.h"

namespace fastnn {

using Order = py::array_t<int64_t, py::array::c_style>;

// (input id, array, scale, offset) as the core reads them; each has at least so many rows.
std::vector<Feed> feeds_of(const Graph& graph, const py::list& items, int64_t rows);
// Rows that an array must have to be read in this order.
int64_t rows_of(const Order& order, const char* where);
// The memory of theta or of the states: a writable vector of so many elements.
void* vector_data(const py::array& vector, int64_t elements, DType dtype, const char* what);

}  // namespace fastnn
