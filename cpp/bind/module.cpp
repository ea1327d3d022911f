#include "bind/module.h"

#include "base/error.h"

namespace py = pybind11;

namespace {

PyObject* python_type(fastnn::ErrorKind kind) {
  switch (kind) {
    case fastnn::ErrorKind::kType: return PyExc_TypeError;
    case fastnn::ErrorKind::kRuntime: return PyExc_RuntimeError;
    default: return PyExc_ValueError;
  }
}

}  // namespace

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.attr("__version__") = FASTNN_VERSION;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const fastnn::Error& e) {
      if (PyErr_Occurred()) return;  // raised by Python code that the core called
      py::set_error(python_type(e.kind()), e.what());
    }
  });
  fastnn::bind_machine(m);
  fastnn::bind_ops(m);
  fastnn::bind_optim(m);
}
