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

}  // namespace

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
