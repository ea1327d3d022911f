#include "simd/transpose.h"

namespace fastnn::FASTNN_ISA {
namespace {

// As many rows as lanes become columns: blocks of kHalf change places across the diagonal, then
// those inside of them.
template <class T, int kHalf = kLanes<T> / 2>
[[gnu::always_inline]] inline void transpose_square(Vector<T> (&r)[kLanes<T>]) {
  if constexpr (kHalf > 0) {
    Vector<Integer<T>> low{}, high{};
#pragma GCC unroll 16
    for (int l = 0; l < kLanes<T>; ++l) {
      low[l] = l & kHalf ? l - kHalf + kLanes<T> : l;
      high[l] = l & kHalf ? l + kLanes<T> : l + kHalf;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes<T>; ++i)
      if (!(i & kHalf)) {
        const Vector<T> a = shuffle(r[i], r[i + kHalf], low);
        r[i + kHalf] = shuffle(r[i], r[i + kHalf], high);
        r[i] = a;
      }
    transpose_square<T, kHalf / 2>(r);
  }
}

// Vector k of kCount that hold the pixels of r: the first two planes, then the others one by one.
template <class T, int kCount>
[[gnu::always_inline]] inline Vector<T> interleaved(const Vector<T> (&r)[kCount], int k) {
  constexpr int L = kLanes<T>;
  Vector<T> pixels = r[0];
#pragma GCC unroll 4
  for (int c = 1; c < kCount; ++c) {
    Vector<Integer<T>> from{};
#pragma GCC unroll 16
    for (int l = 0; l < L; ++l) {
      const int at = k * L + l, pixel = at / kCount, plane = at % kCount;
      from[l] = plane == c ? L + pixel : c == 1 ? pixel : l;
    }
    pixels = shuffle(pixels, r[c], from);
  }
  return pixels;
}

template <class T, int kCount>
void interleave_planes(const T* from, int64_t step, int64_t n, T* to) {
  constexpr int L = kLanes<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) {
    Vector<T> r[kCount];
#pragma GCC unroll 4
    for (int c = 0; c < kCount; ++c) r[c] = load(from + c * step + i);
#pragma GCC unroll 4
    for (int k = 0; k < kCount; ++k) store(to + i * kCount + k * L, interleaved<T, kCount>(r, k));
  }
  for (; i < n; ++i)
    for (int c = 0; c < kCount; ++c) to[i * kCount + c] = from[c * step + i];
}

}  // namespace

void interleave(const float* from, int64_t step, int64_t count, int64_t n, float* to) {
  if (count == 2) return interleave_planes<float, 2>(from, step, n, to);
  if (count == 3) return interleave_planes<float, 3>(from, step, n, to);
  interleave_planes<float, 4>(from, step, n, to);
}

template <class T>
void transpose_block(const T* from, BlockRows from_rows, T* to, BlockRows to_rows) {
  Vector<T> r[kLanes<T>];
#pragma GCC unroll 16
  for (int i = 0; i < kLanes<T>; ++i) {
    r[i] = load(from);
    from += i + 1 < from_rows.count ? from_rows.step : 0;
  }
  transpose_square<T>(r);
  if (to_rows.count == kLanes<T>) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes<T>; ++i) store(to + i * to_rows.step, r[i]);
  } else {
    for (int i = 0; i < to_rows.count; ++i) store(to + i * to_rows.step, r[i]);
  }
}

template void transpose_block<float>(const float*, BlockRows, float*, BlockRows);
template void transpose_block<double>(const double*, BlockRows, double*, BlockRows);

}  // namespace fastnn::FASTNN_ISA
