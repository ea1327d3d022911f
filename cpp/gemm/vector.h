// Vectors that are transposed, and summed across their lanes.
#pragma once
#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

// 16-byte blocks: 4x4 floats or 2x2 doubles are transposed inside each 16-byte lane of a vector,
// which x86 does with one-cycle unpack instructions.
template <class T>
constexpr int kBlock = 16 / static_cast<int>(sizeof(T));

// {a0, b0, a1, b1} or {a2, b2, a3, b3} of each lane, in units of kUnit elements.
template <class T, int kBytes, int kUnit, bool kHigh>
static inline Vector<T, kBytes> unpack(Vector<T, kBytes> a, Vector<T, kBytes> b) {
  using Index = Integer<T>;
  Vector<Index, kBytes> order;
  constexpr int kCount = kBytes / sizeof(T);
#pragma GCC unroll 64
  for (int i = 0; i < kCount; ++i) {
    const int lane = i / kBlock<T> * kBlock<T>, in = i % kBlock<T>;
    const int unit = in / kUnit, from = unit / 2 + (kHigh ? kBlock<T> / kUnit / 2 : 0);
    order[i] = lane + from * kUnit + in % kUnit + (unit % 2 ? kCount : 0);
  }
  return shuffle(a, b, order);
}

// rows r[0..kBlock) of each lane become columns.
template <class T, int kBytes>
static inline void transpose_lanes(Vector<T, kBytes> (&r)[kBlock<T>]) {
  if constexpr (kBlock<T> == 4) {
    const auto ab_low = unpack<T, kBytes, 1, false>(r[0], r[1]);
    const auto ab_high = unpack<T, kBytes, 1, true>(r[0], r[1]);
    const auto cd_low = unpack<T, kBytes, 1, false>(r[2], r[3]);
    const auto cd_high = unpack<T, kBytes, 1, true>(r[2], r[3]);
    r[0] = unpack<T, kBytes, 2, false>(ab_low, cd_low);
    r[1] = unpack<T, kBytes, 2, true>(ab_low, cd_low);
    r[2] = unpack<T, kBytes, 2, false>(ab_high, cd_high);
    r[3] = unpack<T, kBytes, 2, true>(ab_high, cd_high);
  } else {
    const auto low = unpack<T, kBytes, 1, false>(r[0], r[1]);
    r[1] = unpack<T, kBytes, 1, true>(r[0], r[1]);
    r[0] = low;
  }
}

// Element i: the sum of all lanes of v[i]. Blocks are transposed, then added: 3 instructions a sum,
// where adding up each vector by itself takes 9.
template <class T, int kBytes>
static inline Vector<T, 16> sum_blocks(Vector<T, kBytes> v) {
  if constexpr (kBytes == 16) {
    return v;
  } else {
    Vector<T, kBytes / 2> half[2];
    __builtin_memcpy(half, &v, kBytes);
    return sum_blocks<T, kBytes / 2>(half[0] + half[1]);
  }
}
template <class T>
static inline Vector<T, 16> sum_lanes(Vector<T> (&v)[kBlock<T>]) {
  transpose_lanes<T, kVectorBytes>(v);
  Vector<T> sum = v[0];
#pragma GCC unroll 4
  for (int i = 1; i < kBlock<T>; ++i) sum += v[i];
  return sum_blocks<T, kVectorBytes>(sum);
}

}  // namespace fastnn::FASTNN_ISA
