// NumPy arrays as operands of the core, and Python values as attributes.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "graph/attributes.h"

namespace fastnn {

namespace py = pybind11;

DType dtype_of_array(const py::array& array, const char* where);
DType dtype_named(const std::string& name);  // float32, float64, int64 or uint8
py::dtype numpy_dtype(DType dtype);
Shape shape_of(const py::handle& tuple);  // None stands for the batch size
py::tuple tuple_of(const Shape& shape);
Arg arg_of(const py::array& array, const char* where);  // C-contiguous, one of the four dtypes
py::array new_array(const Shape& shape, DType dtype);
// Bits of bfloat16, which NumPy has no dtype for, as uint16; arrays of others are taken like any.
Arg bf16_arg_of(const py::array& array, const char* where);
py::array new_bf16_array(const Shape& shape);
std::vector<NamedAttr> attributes_of(const py::dict& attrs, const char* where);

// 64-byte aligned working memory.
class Scratch {
 public:
  explicit Scratch(int64_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* get() const { return memory_; }

 private:
  void* memory_;
};

}  // namespace fastnn
