// One SIMD register of floats or doubles, as GCC vector extensions: the same source for every
// instruction set, with accumulators that provably stay in registers.
#pragma once
#include "gemm/blocking.h"

namespace fastnn::FASTNN_ISA {

template <class T, int kBytes = kBlocking.vector_bytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
  typedef T unaligned __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
};
template <class T>
using Vector = typename VectorOf<T>::type;

// Integers of T's width, for masks and orders of lanes.
template <class T>
struct BitsOf {
  using type = int64_t;
};
template <>
struct BitsOf<float> {
  using type = int32_t;
};

template <class T>
static inline typename VectorOf<T>::type load(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T>::unaligned*>(p);
}

template <class T>
static inline void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename VectorOf<T>::unaligned*>(p) = v;
}

template <class T>
static inline Vector<T> fill(T s) {
  Vector<T> v;
  for (int i = 0; i < kLanes<T>; ++i) v[i] = s;
  return v;
}

// 16-byte blocks: 4x4 floats or 2x2 doubles are transposed inside each 16-byte lane of a vector,
// which x86 does with one-cycle unpack instructions.
template <class T>
constexpr int kBlock = 16 / static_cast<int>(sizeof(T));

template <class T, int kBytes>
using Wide = typename VectorOf<T, kBytes>::type;

// {a0, b0, a1, b1} or {a2, b2, a3, b3} of each lane, in units of kUnit elements.
template <class T, int kBytes, int kUnit, bool kHigh>
static inline Wide<T, kBytes> unpack(Wide<T, kBytes> a, Wide<T, kBytes> b) {
  using Index = typename BitsOf<T>::type;
  Wide<Index, kBytes> order;
  constexpr int kCount = kBytes / sizeof(T);
#pragma GCC unroll 64
  for (int i = 0; i < kCount; ++i) {
    const int lane = i / kBlock<T> * kBlock<T>, in = i % kBlock<T>;
    const int unit = in / kUnit, from = unit / 2 + (kHigh ? kBlock<T> / kUnit / 2 : 0);
    order[i] = lane + from * kUnit + in % kUnit + (unit % 2 ? kCount : 0);
  }
  return __builtin_shuffle(a, b, order);
}

// rows r[0..kBlock) of each lane become columns.
template <class T, int kBytes>
static inline void transpose_lanes(Wide<T, kBytes> (&r)[kBlock<T>]) {
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
static inline Wide<T, 16> sum_blocks(Wide<T, kBytes> v) {
  if constexpr (kBytes == 16) {
    return v;
  } else {
    Wide<T, kBytes / 2> half[2];
    __builtin_memcpy(half, &v, kBytes);
    return sum_blocks<T, kBytes / 2>(half[0] + half[1]);
  }
}
template <class T>
static inline Wide<T, 16> sum_lanes(Vector<T> (&v)[kBlock<T>]) {
  transpose_lanes<T, kBlocking.vector_bytes>(v);
  Vector<T> sum = v[0];
#pragma GCC unroll 4
  for (int i = 1; i < kBlock<T>; ++i) sum += v[i];
  return sum_blocks<T, kBlocking.vector_bytes>(sum);
}

}  // namespace fastnn::FASTNN_ISA
