// Rows of a data set as a network reads them: dst[r, :] = scale * src[indices[r], :] + offset.
#pragma once
#include "base/shape.h"

namespace fastnn {

// The caller has checked that the indices are inside src and that rows_convertible() holds.
struct Rows {
  const void* src;  // row-major, rows of row_elements
  DType src_dtype;
  int64_t row_elements;
  const int64_t* indices;  // n row numbers of src; null: its rows 0..n-1
  int64_t n;
  double scale;   // where the dtypes are equal and scale = 1, offset = 0, bytes are copied;
  double offset;  // integers given out as integers are never scaled
  void* dst;      // (n, row_elements)
  DType dst_dtype;
  // If given, and dst is real: |dst| at most, NaN or infinity where one is in it.
  double* largest = nullptr;
};

// To float32 and float64 from every dtype, to the same dtype, and from uint8 to int64 (labels).
static inline bool rows_convertible(DType src, DType dst) {
  return is_real(dst) || src == dst || (src == DType::kUint8 && dst == DType::kInt64);
}

namespace FASTNN_ISA {

// Threads over rows. Never allocates, never fails.
void gather_rows(const Rows& rows);

}  // namespace FASTNN_ISA
}  // namespace fastnn
