// Rows of NumPy arrays, gathered and converted for a batch.
#include "simd/rows.h"

#include "bind/arrays.h"
#include "bind/gil.h"
#include "bind/module.h"
#include "dispatch/isa.h"

namespace fastnn {
namespace {

using Indices = py::array_t<int64_t, py::array::c_style>;

void check_inside(const int64_t* indices, int64_t n, int64_t rows) {
  for (int64_t i = 0; i < n; ++i)
    if (indices[i] < 0 || indices[i] >= rows)
      fail("gather_rows", "indices must be in 0..%lld as array has %lld rows, got %lld",
           static_cast<long long>(rows - 1), static_cast<long long>(rows),
           static_cast<long long>(indices[i]));
}

// scale * array[indices] + offset in `dtype`; indices None: every row.
py::array gather_rows(const py::array& array, const py::object& indices, double scale,
                      double offset, const std::string& dtype) {
  const char* where = "gather_rows";
  const Arg source = arg_of(array, where);
  if (source.shape.rank < 1) fail(where, "array must have at least 1 axis, got shape ()");
  Rows rows{source.data, source.dtype, elements(source.shape, 1), nullptr, source.shape[0], scale,
            offset,      nullptr,      DType::kFloat32,           nullptr};
  bool known = false;
  for (const DType d : {DType::kFloat32, DType::kFloat64, DType::kInt64, DType::kUint8})
    if (dtype == name_of(d)) rows.dst_dtype = d, known = true;
  if (!known || !rows_convertible(rows.src_dtype, rows.dst_dtype))
    fail_type(where, "dtype must be one that %s converts to, got %s", name_of(rows.src_dtype),
              dtype.c_str());
  Indices numbers;
  if (!indices.is_none()) {
    numbers = indices.cast<Indices>();
    if (numbers.ndim() != 1)
      fail(where, "indices must have 1 axis, got %d", static_cast<int>(numbers.ndim()));
    rows.indices = numbers.data();
    rows.n = numbers.shape(0);
    check_inside(rows.indices, rows.n, source.shape[0]);
  }
  Shape shape = source.shape;
  shape.dims[0] = rows.n;
  py::array out = new_array(shape, rows.dst_dtype);
  rows.dst = out.mutable_data();
  const Table& in = table();
  const GilReleased released;
  in.gather_rows(rows);
  return out;
}

}  // namespace

void bind_rows(py::module_& m) {
  m.def("gather_rows", &gather_rows, py::arg("array"), py::arg("indices") = py::none(),
        py::arg("scale") = 1.0, py::arg("offset") = 0.0, py::arg("dtype") = "float32");
}

}  // namespace fastnn
