#include "bind/feeds.h"

#include <algorithm>

namespace fastnn {
namespace {

Feed feed_of(const py::handle& item) {
  const py::tuple t = item.cast<py::tuple>();
  const py::array array = t[1].cast<py::array>();
  const Arg arg = arg_of(array, "Feed");
  Feed feed;
  feed.input = t[0].cast<int>();
  feed.dtype = arg.dtype;
  feed.data = arg.data;
  feed.rows = arg.shape.rank ? arg.shape[0] : 0;
  feed.row_elements = elements(arg.shape, 1);
  feed.scale = t[2].cast<double>();
  feed.offset = t[3].cast<double>();
  return feed;
}

}  // namespace

std::vector<Feed> feeds_of(const Graph& graph, const py::list& items, int64_t rows) {
  std::vector<Feed> feeds;
  for (const py::handle item : items) {
    const Feed feed = feed_of(item);
    if (feed.input < 0 || feed.input >= static_cast<int>(graph.values().size()) ||
        graph.values()[feed.input].leaf != Leaf::kInput)
      fail("Feed", "input must be an input of the graph, got value %d", feed.input);
    const Value& v = graph.values()[feed.input];
    if (feed.row_elements != elements(v.shape, 1) || feed.rows < rows)
      fail("Feed", "array must have %lld rows of %lld elements, got %lld of %lld",
           static_cast<long long>(rows), static_cast<long long>(elements(v.shape, 1)),
           static_cast<long long>(feed.rows), static_cast<long long>(feed.row_elements));
    if (!rows_convertible(feed.dtype, v.dtype))
      fail_type("Feed", "array must convert to %s, got %s", name_of(v.dtype), name_of(feed.dtype));
    feeds.push_back(feed);
  }
  for (const int id : graph.inputs())
    if (std::none_of(feeds.begin(), feeds.end(), [id](const Feed& f) { return f.input == id; }))
      fail("Feed", "arrays must be given for all inputs of the graph, got none for value %d", id);
  return feeds;
}

int64_t rows_of(const Order& order, const char* where) {
  int64_t rows = 0;
  for (int64_t i = 0; i < order.size(); ++i) {
    if (order.data()[i] < 0) fail(where, "order must hold rows >= 0, got a negative one");
    rows = std::max(rows, order.data()[i] + 1);
  }
  return rows;
}

void* vector_data(const py::array& vector, int64_t elements, DType dtype, const char* what) {
  const Arg arg = arg_of(vector, what);
  if (arg.dtype != dtype || arg.shape.rank != 1 || arg.shape[0] != elements || !vector.writeable())
    fail(what, "vector must be a writable %s array of shape (%lld,), got shape %s", name_of(dtype),
         static_cast<long long>(elements), text_of(arg.shape).text);
  return arg.data;
}

}  // namespace fastnn
