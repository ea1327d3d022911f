// The parts of the extension module, one file each.
#pragma once
#include <pybind11/pybind11.h>

#include "base/error.h"

namespace fastnn {

void set_python_error(const Error& e);  // raises it in Python's sense; the GIL is held

void bind_augment(pybind11::module_& m);
void bind_function(pybind11::module_& m);
void bind_graph(pybind11::module_& m);
void bind_ops(pybind11::module_& m);
void bind_machine(pybind11::module_& m);
void bind_rows(pybind11::module_& m);
void bind_optim(pybind11::module_& m);

}  // namespace fastnn
