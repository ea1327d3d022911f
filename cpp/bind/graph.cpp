// Graph as a Python class.
#include "graph/graph.h"

#include "bind/arrays.h"
#include "bind/function.h"
#include "bind/module.h"

namespace fastnn {

void bind_graph(py::module_& m) {
  py::class_<Graph>(m, "Graph")
      .def(py::init([](const std::string& real) { return Graph(dtype_named(real)); }))
      .def("input",
           [](Graph& g, const py::tuple& shape, const std::string& dtype) {
             return g.input(shape_of(shape), dtype_named(dtype));
           })
      .def("parameter", [](Graph& g, const py::tuple& shape, bool trainable,
                           bool weight) { return g.parameter(shape_of(shape), trainable, weight); })
      .def("state", [](Graph& g, const py::tuple& shape) { return g.state(shape_of(shape)); })
      .def("constant",
           [](Graph& g, const py::array& value) {
             const Arg arg = arg_of(value, "Graph.constant");
             return g.constant(arg.shape, arg.dtype, arg.data);
           })
      .def(
          "add",
          [](Graph& g, const std::string& op, const std::string& where, const std::vector<int>& in,
             const py::dict& attrs, PyFunction* function) {
            return g.add(op, where, in, attributes_of(attrs, where.c_str()),
                         function ? function->callback() : nullptr);
          },
          py::keep_alive<1, 6>(), py::arg("op"), py::arg("where"), py::arg("inputs"),
          py::arg("attrs"), py::arg("function").none(true) = py::none())
      .def("update", &Graph::update);
}

}  // namespace fastnn
