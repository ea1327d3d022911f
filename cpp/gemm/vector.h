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
static inline Vector<T> load(const T* p) {
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

// Sum of the lanes, halving: the order is fixed by the instruction set alone.
template <class T, int kBytes>
static inline T sum_lanes(typename VectorOf<T, kBytes>::type v) {
  if constexpr (kBytes == 2 * sizeof(T)) {
    return v[0] + v[1];
  } else {
    typename VectorOf<T, kBytes / 2>::type half[2];
    __builtin_memcpy(half, &v, kBytes);
    return sum_lanes<T, kBytes / 2>(half[0] + half[1]);
  }
}

}  // namespace fastnn::FASTNN_ISA
