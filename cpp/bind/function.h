// Python functions as the forward and backward pass of op "python".
#pragma once
#include <pybind11/pybind11.h>

#include "ops/op.h"

namespace fastnn {

// forward(*inputs) -> array; backward(dy, y, *inputs) -> gradients of the inputs (None: no
// gradient). They are called with the GIL; what they raise ends the run and reaches the caller.
class PyFunction {
 public:
  PyFunction(pybind11::object forward, pybind11::object backward);
  PyFunction(const PyFunction&) = delete;  // the graph keeps the address of its callback
  PyFunction& operator=(const PyFunction&) = delete;

  void* callback() { return &callback_; }

 private:
  static void run_forward(void* self, const Node& node);
  static void run_backward(void* self, const Node& node);

  pybind11::object forward_, backward_;
  Callback callback_;
};

}  // namespace fastnn
