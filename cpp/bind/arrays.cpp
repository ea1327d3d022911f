#include "bind/arrays.h"

#include <new>

namespace fastnn {

DType dtype_of_array(const py::array& array, const char* where) {
  const py::dtype type = array.dtype();
  const char kind = type.kind();
  const auto bytes = type.itemsize();
  if (type.attr("isnative").cast<bool>()) {
    if (kind == 'f' && bytes == 4) return DType::kFloat32;
    if (kind == 'f' && bytes == 8) return DType::kFloat64;
    if (kind == 'i' && bytes == 8) return DType::kInt64;
    if (kind == 'u' && bytes == 1) return DType::kUint8;
  }
  fail_type(where, "array must be float32, float64, int64 or uint8, got %s",
            py::str(type).cast<std::string>().c_str());
}

DType dtype_named(const std::string& name) {
  for (const DType d : {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kUint8})
    if (name == name_of(d)) return d;
  fail_type("fastnn", "dtype must be float32, float64, int64 or uint8, got %s", name.c_str());
}

py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return py::dtype::of<double>();
    case DType::kInt64:
      return py::dtype::of<int64_t>();
    case DType::kUint8:
      return py::dtype::of<uint8_t>();
    default:
      return py::dtype::of<float>();
  }
}

Shape shape_of(const py::handle& tuple) {
  Shape shape;
  for (const py::handle item : tuple) {
    if (shape.rank == kMaxRank)
      fail("fastnn", "shape must have at most %d axes, got more", kMaxRank);
    shape.dims[shape.rank++] = item.is_none() ? kBatch : item.cast<int64_t>();
  }
  return shape;
}

py::tuple tuple_of(const Shape& shape) {
  py::tuple out(shape.rank);
  for (int i = 0; i < shape.rank; ++i)
    out[i] = shape[i] == kBatch ? py::object(py::none()) : py::object(py::int_(shape[i]));
  return out;
}

namespace {

// All but the dtype.
Arg located(const py::array& array, const char* where) {
  Arg arg;
  if (array.ndim() > kMaxRank)
    fail(where, "array must have at most %d axes, got %d", kMaxRank,
         static_cast<int>(array.ndim()));
  if (!(array.flags() & py::array::c_style))
    fail(where, "array must be C-contiguous, got a strided one");
  arg.shape.rank = static_cast<int>(array.ndim());
  for (int i = 0; i < arg.shape.rank; ++i) arg.shape.dims[i] = array.shape(i);
  arg.data = const_cast<void*>(array.data());
  return arg;
}

}  // namespace

Arg arg_of(const py::array& array, const char* where) {
  const DType dtype = dtype_of_array(array, where);
  Arg arg = located(array, where);
  arg.dtype = dtype;
  return arg;
}

py::array new_array(const Shape& shape, DType dtype) {
  return py::array(numpy_dtype(dtype),
                   std::vector<py::ssize_t>(shape.dims, shape.dims + shape.rank));
}

Arg bf16_arg_of(const py::array& array, const char* where) {
  if (!py::isinstance<py::array_t<uint16_t>>(array)) return arg_of(array, where);
  Arg arg = located(array, where);
  arg.bf16 = true;
  return arg;
}
py::array new_bf16_array(const Shape& shape) {
  return py::array(py::dtype::of<uint16_t>(),
                   std::vector<py::ssize_t>(shape.dims, shape.dims + shape.rank));
}

std::vector<NamedAttr> attributes_of(const py::dict& attrs, const char* where) {
  std::vector<NamedAttr> out;
  for (const auto& [key, value] : attrs) {
    NamedAttr attr;
    attr.name = key.cast<std::string>();
    if (py::isinstance<py::float_>(value)) {
      attr.is_real = true;
      attr.real = value.cast<double>();
    } else if (py::isinstance<py::int_>(value) || py::isinstance<py::bool_>(value)) {
      attr.ints = {value.cast<int64_t>()};
    } else if (py::isinstance<py::tuple>(value) || py::isinstance<py::list>(value)) {
      for (const py::handle item : value) attr.ints.push_back(item.cast<int64_t>());
    } else {
      fail_type(where, "%s must be a number or a tuple of integers, got %s", attr.name.c_str(),
                py::str(py::type::of(value)).cast<std::string>().c_str());
    }
    out.push_back(std::move(attr));
  }
  return out;
}

Scratch::Scratch(int64_t bytes)
    : memory_(bytes ? ::operator new(static_cast<size_t>(bytes), std::align_val_t(64)) : nullptr) {}
Scratch::~Scratch() {
  if (memory_) ::operator delete(memory_, std::align_val_t(64));
}

}  // namespace fastnn
