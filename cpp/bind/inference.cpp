// Inference as a Python class: predictions for rows, in batches. It keeps the arrays alive whose
// memory it uses.
#include "graph/inference.h"

#include "bind/feeds.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "bind/plan_info.h"

namespace fastnn {
namespace {

class PyInference {
 public:
  PyInference(const Graph& graph, const std::vector<int>& outputs, const py::array& theta,
              const py::array& states)
      : graph_(graph),
        inference_(graph, outputs,
                   vector_data(theta, graph.parameter_elements(), graph.real(), "theta"),
                   vector_data(states, graph.state_elements(), graph.real(), "states")) {}

  // Arrays of the outputs with a batch axis, means of the scalars, in the order of the outputs.
  py::list run(const py::list& items, const py::object& order, int64_t n, int64_t batch) {
    Order numbers;
    if (!order.is_none()) numbers = order.cast<Order>();
    const std::vector<Feed> feeds =
        feeds_of(graph_, items, order.is_none() ? n : rows_of(numbers, "Inference.run"));
    const int count = static_cast<int>(inference_.outputs().size());
    std::vector<void*> rows(count, nullptr);
    std::vector<double> means(count, 0);
    py::list out;
    for (int i = 0; i < count; ++i) {
      const Arg arg = inference_.output(i, n);
      if (arg.shape.rank == 0) {
        out.append(py::none());
        continue;
      }
      py::array y = new_array(arg.shape, arg.dtype);
      rows[i] = y.mutable_data();
      out.append(y);
    }
    {
      const GilReleased released;
      inference_.run(feeds, order.is_none() ? nullptr : numbers.data(), n, batch, rows.data(),
                     means.data());
    }
    for (int i = 0; i < count; ++i)
      if (!rows[i]) out[i] = means[i];
    return out;
  }

  // The short way for one input and one output: rows of `x` are run in one batch. None where the
  // array is not exactly what the graph takes, so that the caller can look closer.
  py::object rows(int input, const py::object& x, int64_t most) {
    if (!py::isinstance<py::array>(x)) return py::none();
    const py::array array = py::reinterpret_borrow<py::array>(x);
    const Value& v = graph_.values()[input];
    if (array.ndim() != v.shape.rank || !(array.flags() & py::array::c_style) ||
        !array.dtype().is(numpy_dtype(v.dtype)) || array.shape(0) < 1 || array.shape(0) > most)
      return py::none();
    for (int i = 1; i < v.shape.rank; ++i)
      if (array.shape(i) != v.shape[i]) return py::none();
    const int64_t n = array.shape(0);
    const Feed feed{input, v.dtype, array.data(), elements(v.shape, 1), n};
    const Arg arg = inference_.output(0, n);
    py::array y = new_array(arg.shape, arg.dtype);
    void* out = y.mutable_data();
    double mean = 0;
    {
      const GilReleased released;
      inference_.run({feed}, nullptr, n, n, &out, &mean);
    }
    return y;
  }

  py::dict plan_info(int64_t batch) { return info_of(*inference_.make(batch)); }

 private:
  const Graph& graph_;
  Inference inference_;
};

}  // namespace

void bind_inference(py::module_& m) {
  py::class_<PyInference>(m, "Inference")
      .def(py::init<const Graph&, const std::vector<int>&, const py::array&, const py::array&>(),
           py::keep_alive<1, 2>(), py::keep_alive<1, 4>(), py::keep_alive<1, 5>())
      .def("run", &PyInference::run)
      .def("rows", &PyInference::rows)
      .def("plan_info", &PyInference::plan_info);
}

}  // namespace fastnn
