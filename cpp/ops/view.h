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

// f(at, n, position) for stretches of [begin, end) inside one last row of the view: `at` counts the
// view's elements, `position` is where the first lies.
template <class F>
static void for_rows(const View& v, int64_t begin, int64_t end, const F& f) {
  const int last = v.rank - 1;
  int64_t index[kMaxRank] = {}, position = v.offset, rest = begin;
  for (int i = last; i >= 0; --i) {
    index[i] = rest % v.dims[i];
    rest /= v.dims[i];
    position += index[i] * v.strides[i];
  }
  for (int64_t at = begin; at < end;) {
    const int64_t room = v.dims[last] - index[last];
    const int64_t n = room < end - at ? room : end - at;
    f(at, n, position);
    at += n;
    index[last] += n;
    position += n * v.strides[last];
    for (int i = last; i > 0 && index[i] == v.dims[i]; --i) {
      index[i] = 0;
      ++index[i - 1];
      position += v.strides[i - 1] - v.dims[i] * v.strides[i];
    }
  }
}

// to[0..n) (+)= from, steps apart.
template <class T>
static inline void copy_run(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t n,
                            bool accumulate) {
  if (to_step == 1 && from_step == 1 && !accumulate && n > 128) {
    __builtin_memcpy(to, from, n * sizeof(T));
  } else if (to_step == 1 && from_step == 1 && !accumulate) {  // too short for a call to pay
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else if (to_step == 1 && from_step == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(to[i] + from[i]);
  } else if (accumulate) {
    for (int64_t i = 0; i < n; ++i)
      to[i * to_step] = static_cast<T>(to[i * to_step] + from[i * from_step]);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
  }
}

// Array elements into a view of `to` (each at most once): view (+)= from.
template <class T>
static void scatter_view(const View& v, const T* from, T* to, bool accumulate) {
  const int64_t step = v.strides[v.rank - 1];
  parallel_chunks(v.count, kViewGrain, v.count * 0.3, [&](int64_t begin, int64_t end) {
    for_rows(v, begin, end, [&](int64_t at, int64_t n, int64_t position) {
      copy_run(to + position, step, from + at, int64_t{1}, n, accumulate);
    });
  });
}

// One line of cache; a block of kLine x kLine is turned through a buffer, so that every line of
// both arrays is touched once, whatever power of 2 lies between rows.
template <class T>
constexpr int64_t kLine = 64 / sizeof(T);

// to[i * kLine + j] = from[j * step + i]
template <class T>
static inline void turn_block(const T* from, int64_t step, T* to) {
  if constexpr (sizeof(T) == 4) {
    typedef float V __attribute__((vector_size(16)));
    typedef int M __attribute__((vector_size(16)));
    for (int64_t j = 0; j < 16; j += 4)
      for (int64_t i = 0; i < 16; i += 4) {
        V r[4];
        for (int u = 0; u < 4; ++u) __builtin_memcpy(&r[u], from + (j + u) * step + i, 16);
        const V a = __builtin_shuffle(r[0], r[1], M{0, 4, 1, 5}),
                b = __builtin_shuffle(r[0], r[1], M{2, 6, 3, 7});
        const V c = __builtin_shuffle(r[2], r[3], M{0, 4, 1, 5}),
                d = __builtin_shuffle(r[2], r[3], M{2, 6, 3, 7});
        r[0] = __builtin_shuffle(a, c, M{0, 1, 4, 5});
        r[1] = __builtin_shuffle(a, c, M{2, 3, 6, 7});
        r[2] = __builtin_shuffle(b, d, M{0, 1, 4, 5});
        r[3] = __builtin_shuffle(b, d, M{2, 3, 6, 7});
        for (int u = 0; u < 4; ++u) __builtin_memcpy(to + (i + u) * 16 + j, &r[u], 16);
      }
  } else {
    for (int64_t j = 0; j < kLine<T>; ++j)
      for (int64_t i = 0; i < kLine<T>; ++i) to[i * kLine<T> + j] = from[j * step + i];
  }
}

// to (+)= the view of `from`, whose axis `turned` has stride 1 and whose last axis has not: block
// by block over these two axes.
template <class T>
static void gather_turned(const View& v, int turned, const T* from, T* to, bool accumulate) {
  constexpr int64_t kB = kLine<T>;
  const int last = v.rank - 1;
  const int64_t rows = v.dims[turned], columns = v.dims[last], step = v.strides[last];
  int64_t to_strides[kMaxRank];
  int64_t stride = 1, outer = 1;
  for (int i = last; i >= 0; --i) {
    to_strides[i] = stride;
    stride *= v.dims[i];
    if (i != turned && i != last) outer *= v.dims[i];
  }
  const int64_t bands = (rows + kB - 1) / kB;
  const int64_t grain = kViewGrain / (kB * columns + 1) + 1;
  parallel_chunks(outer * bands, grain, v.count * 0.4, [&](int64_t begin, int64_t end) {
    alignas(64) T block[kB * kB];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task % bands * kB, m = rows - row < kB ? rows - row : kB;
      const T* source = from + v.offset + row;
      T* target = to + row * to_strides[turned];
      int64_t rest = task / bands;
      for (int i = last - 1; i >= 0; --i) {
        if (i == turned) continue;
        source += rest % v.dims[i] * v.strides[i];
        target += rest % v.dims[i] * to_strides[i];
        rest /= v.dims[i];
      }
      for (int64_t column = 0; column < columns; column += kB) {
        const int64_t n = columns - column < kB ? columns - column : kB;
        if (m == kB && n == kB)
          turn_block(source + column * step, step, block);
        else
          for (int64_t j = 0; j < n; ++j)
            for (int64_t i = 0; i < m; ++i) block[i * kB + j] = source[(column + j) * step + i];
        for (int64_t i = 0; i < m; ++i)
          copy_run(target + i * to_strides[turned] + column, int64_t{1}, block + i * kB, int64_t{1},
                   n, accumulate);
      }
    }
  });
}

// to (+)= the view of `from`, as a contiguous array.
template <class T>
static void gather_view(const View& v, const T* from, T* to, bool accumulate) {
  const int64_t step = v.strides[v.rank - 1];
  for (int i = 0; i < v.rank - 1 && step != 1; ++i)
    if (v.strides[i] == 1) return gather_turned(v, i, from, to, accumulate);
  parallel_chunks(v.count, kViewGrain, v.count * 0.3, [&](int64_t begin, int64_t end) {
    for_rows(v, begin, end, [&](int64_t at, int64_t n, int64_t position) {
      copy_run(to + at, int64_t{1}, from + position, step, n, accumulate);
    });
  });
}

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
