#include "bind/function.h"

#include <cstring>

#include "bind/arrays.h"
#include "bind/gil.h"
#include "bind/module.h"

namespace fastnn {
namespace {

// A copy of an operand: Python code may keep it for longer than the plan keeps the memory.
py::array copy_of(const Arg& arg, const void* data) {
  py::array copy = new_array(arg.shape, arg.dtype);
  std::memcpy(copy.mutable_data(), data, static_cast<size_t>(copy.nbytes()));
  return copy;
}

// What Python gave, as an array of real numbers: a cast would drop an imaginary part.
py::array numbers(const py::object& given, const char* where, const char* what) {
  py::array array;
  try {
    array = py::module_::import("numpy").attr("asarray")(given).cast<py::array>();
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    fail(where, "%s must return rows of one length, got rows of several", what);
  }
  if (!std::strchr("fiub", array.dtype().kind()))
    fail_type(where, "%s must return real numbers, got dtype %s", what,
              py::str(array.dtype()).cast<std::string>().c_str());
  return array;
}

// The same, contiguous and of the operand's dtype and shape.
py::array checked(const py::object& given, const Arg& like, const char* where, const char* what) {
  const py::array array = py::module_::import("numpy").attr("ascontiguousarray")(
      numbers(given, where, what), numpy_dtype(like.dtype));
  Arg arg = arg_of(array, where);
  if (like.shape.rank == 0 && elements(arg.shape) == 1) arg.shape = Shape{};
  if (!(arg.shape == like.shape))
    fail(where, "%s must return an array of shape %s, got %s", what, text_of(like.shape).text,
         text_of(arg.shape).text);
  return array;
}

template <class T>
void add(const py::array& from, const Arg& to) {
  const T* x = static_cast<const T*>(from.data());
  T* y = static_cast<T*>(to.grad);
  for (int64_t i = 0; i < elements(to.shape); ++i) y[i] += x[i];
}

void store(const py::array& from, const Arg& to) {
  if (!to.accumulate)
    std::memcpy(to.grad, from.data(), static_cast<size_t>(from.nbytes()));
  else if (to.dtype == DType::kFloat64)
    add<double>(from, to);
  else
    add<float>(from, to);
}

py::tuple operands(const Node& n, int skip) {
  py::tuple args(n.n_in + skip);
  for (int i = 0; i < n.n_in; ++i) args[i + skip] = copy_of(n.in[i], n.in[i].data);
  return args;
}

}  // namespace

PyFunction::PyFunction(py::object forward, py::object backward)
    : forward_(std::move(forward)),
      backward_(std::move(backward)),
      callback_{run_forward, run_backward, this} {}

void PyFunction::run_forward(void* self, const Node& n) {
  const GilTaken taken;
  const auto* function = static_cast<const PyFunction*>(self);
  const py::object y = function->forward_(*operands(n, 0));
  const py::array array = checked(y, n.out[0], n.where, "forward");
  std::memcpy(n.out[0].data, array.data(), static_cast<size_t>(array.nbytes()));
}

void PyFunction::run_backward(void* self, const Node& n) {
  const GilTaken taken;
  const auto* function = static_cast<const PyFunction*>(self);
  if (function->backward_.is_none())
    fail_runtime(n.where, "backward must be given to train through this function, got None");
  py::tuple args = operands(n, 2);
  args[0] = copy_of(n.out[0], n.out[0].grad);
  args[1] = copy_of(n.out[0], n.out[0].data);
  py::object given = function->backward_(*args);
  if (!py::isinstance<py::tuple>(given) && !py::isinstance<py::list>(given))
    given = py::make_tuple(given);
  const py::sequence grads = given;
  if (static_cast<int>(grads.size()) > n.n_in)
    fail(n.where, "backward must return at most %d gradients, one for each input, got %zu", n.n_in,
         static_cast<size_t>(grads.size()));
  for (int i = 0; i < n.n_in; ++i) {
    const Arg& in = n.in[i];
    if (!in.grad) continue;
    if (i >= static_cast<int>(grads.size()) || py::object(grads[i]).is_none()) {
      if (!in.accumulate)
        std::memset(in.grad, 0, static_cast<size_t>(elements(in.shape) * size_of(in.dtype)));
      continue;
    }
    store(checked(grads[i], in, n.where, "backward"), in);
  }
}

void bind_function(py::module_& m) {
  py::class_<PyFunction>(m, "Function")
      .def(py::init<py::object, py::object>(), py::arg("forward"), py::arg("backward"));
}

}  // namespace fastnn
