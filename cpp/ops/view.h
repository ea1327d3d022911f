// Strided views of contiguous arrays: what permute, transpose, slice and pad copy from or into.
#pragma once
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kViewGrain = 16384;  // elements per task

// Element (i_0, ..., i_r) of the view lies at offset + sum i_a strides[a] of the array behind it.
// Neighbouring axes that lie as one are merged, axes of length 1 left out.
struct View {
  int rank = 0;
  int64_t offset = 0, count = 1;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};
};

static inline void add_axis(View& v, int64_t dim, int64_t stride) {
  v.count *= dim;
  if (dim == 1) return;
  if (v.rank > 0 && v.strides[v.rank - 1] == dim * stride) {
    v.dims[v.rank - 1] *= dim;
    v.strides[v.rank - 1] = stride;
    return;
  }
  v.dims[v.rank] = dim;
  v.strides[v.rank++] = stride;
}

// An axis at the end of every view, so that there is always a last one.
static inline void close_axes(View& v) {
  if (v.rank > 0) return;
  v.dims[0] = v.count;
  v.strides[0] = 1;
  v.rank = 1;
}

static inline void natural_strides(const Shape& s, int64_t* strides) {
  int64_t stride = 1;
  for (int i = s.rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= s[i] == kBatch ? 1 : s[i];
  }
}

// Array elements into a view of `to` (each at most once): view (+)= from.
template <class T>
void scatter_view(const View& v, const T* from, T* to, bool accumulate);

// to (+)= the view of `from`, as a contiguous array.
template <class T>
void gather_view(const View& v, const T* from, T* to, bool accumulate);

// The same for any dtype, moving bits.
static inline void gather_any(const View& v, DType dtype, const void* from, void* to) {
  switch (size_of(dtype)) {
    case 4:
      return gather_view(v, static_cast<const float*>(from), static_cast<float*>(to), false);
    case 8:
      return gather_view(v, static_cast<const double*>(from), static_cast<double*>(to), false);
    default:
      return gather_view(v, static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), false);
  }
}

}  // namespace fastnn::FASTNN_ISA
