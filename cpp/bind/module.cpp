#include "bind/module.h"

#include "base/error.h"
#include "base/interrupt.h"

namespace py = pybind11;

namespace {

// Called with the GIL released; signal handlers run on Python's main thread alone.
bool python_interrupted() {
  const py::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

PyObject* python_type(fastnn::ErrorKind kind) {
  switch (kind) {
    case fastnn::ErrorKind::kType:
      return PyExc_TypeError;
    case fastnn::ErrorKind::kRuntime:
      return PyExc_RuntimeError;
    default:
      return PyExc_ValueError;
  }
}

}  // namespace

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.attr("__version__") = FASTNN_VERSION;
  m.attr("__compiler__") = FASTNN_COMPILER;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const fastnn::Error& e) {
      if (PyErr_Occurred()) return;  // raised by Python code that the core called
      py::set_error(python_type(e.kind()), e.what());
    }
  });
  fastnn::set_interrupted(&python_interrupted);
  fastnn::bind_machine(m);
  fastnn::bind_ops(m);
  fastnn::bind_function(m);
  fastnn::bind_graph(m);
  fastnn::bind_rows(m);
  fastnn::bind_optim(m);
}
