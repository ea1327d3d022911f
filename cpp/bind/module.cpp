#include "bind/module.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "bind/gil.h"

namespace py = pybind11;

namespace {

// Called with the GIL released; signal handlers run on Python's main thread alone.
bool python_interrupted() {
  const fastnn::GilTaken taken;
  return PyErr_CheckSignals() != 0;
}

}  // namespace

void fastnn::set_python_error(const Error& e) {
  PyObject* const type = e.kind() == ErrorKind::kType      ? PyExc_TypeError
                         : e.kind() == ErrorKind::kRuntime ? PyExc_RuntimeError
                                                           : PyExc_ValueError;
  PyErr_SetString(type, e.what());
}

PYBIND11_MODULE(_core, m) {
  m.attr("__version__") = FASTNN_VERSION;
  m.attr("__compiler__") = FASTNN_COMPILER;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const fastnn::Error& e) {
      if (PyErr_Occurred()) return;  // raised by Python code that the core called
      fastnn::set_python_error(e);
    }
  });
  fastnn::set_interrupted(&python_interrupted);
  fastnn::bind_machine(m);
  fastnn::bind_ops(m);
  fastnn::bind_function(m);
  fastnn::bind_graph(m);
  fastnn::bind_inference(m);
  fastnn::bind_training(m);
  fastnn::bind_inspect(m);
  fastnn::bind_rows(m);
  fastnn::bind_optim(m);
  fastnn::bind_augment(m);
}
