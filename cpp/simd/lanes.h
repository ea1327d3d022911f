// The CPU's vector as a type (GCC vector extensions), the same source for every instruction set:
// for loops that keep several partial results in registers, which arrays of lanes in an `omp simd`
// loop do not (sum of 16 KB: 107 against 42 GB/s, AMD EPYC, AVX2, GCC 12).
#pragma once
#include <cstdint>

namespace fastnn::FASTNN_ISA {

// Of the widest vector that one instruction works on.
#if defined(__AVX512F__) || defined(FASTNN_EMULATE_AVX512)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

// Registers that hold a vector.
#if defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = kVectorBytes == 64 ? 32 : 16;
#endif

template <class T>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class T, int kBytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T, int kBytes = kVectorBytes>
using Vector = typename VectorOf<T, kBytes>::type;

// Integers of T's width, for masks and orders of lanes.
template <class T>
struct IntegerOf {
  using type = int64_t;
};
template <>
struct IntegerOf<float> {
  using type = int32_t;
};
template <>
struct IntegerOf<int32_t> {
  using type = int32_t;
};
template <class T>
using Integer = typename IntegerOf<T>::type;

// V: a vector, or one number; at any address.
template <class V, class T>
static inline V get(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
static inline void put(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

template <class T>
static inline Vector<T> load(const T* p) {
  return get<Vector<T>>(p);
}
template <class T>
static inline void store(T* p, Vector<T> v) {
  put(p, v);
}

template <class T>
static inline Vector<T> fill(T s) {
  Vector<T> v;
  for (int i = 0; i < kLanes<T>; ++i) v[i] = s;
  return v;
}

// n elements, not one behind them. The last vector overlaps the one before, or is cut into two
// halves that do: for rows so short a call of memcpy takes as long as the products.
template <class T, int kBytes = kVectorBytes>
static inline void copy_row(const T* from, int64_t n, T* to) {
  constexpr int64_t kCount = kBytes / sizeof(T);
  if (n >= kCount) {
    for (int64_t j = 0; j < n; j += kCount) {
      const int64_t at = j < n - kCount ? j : n - kCount;
      __builtin_memcpy(to + at, from + at, kBytes);
    }
  } else if constexpr (kCount > 1) {
    copy_row<T, kBytes / 2>(from, n, to);
  }
}

// Lanes of v, or of a and behind them b, in an order: a vector of integers as wide, each the number
// of a lane that is there. (Clang has no such builtin, but makes one instruction of the loop where
// the order is a constant.)
template <class V, class Order>
[[gnu::always_inline]] static inline V shuffle(V v, Order order) {
#if defined(__clang__)
  V moved{};
  for (int j = 0; j < static_cast<int>(sizeof(V) / sizeof(v[0])); ++j) moved[j] = v[order[j]];
  return moved;
#else
  return __builtin_shuffle(v, order);
#endif
}
template <class V, class Order>
[[gnu::always_inline]] static inline V shuffle(V a, V b, Order order) {
#if defined(__clang__)
  constexpr int kCount = sizeof(V) / sizeof(a[0]);
  V moved{};
  for (int j = 0; j < kCount; ++j)
    moved[j] = order[j] < kCount ? a[order[j]] : b[order[j] - kCount];
  return moved;
#else
  return __builtin_shuffle(a, b, order);
#endif
}

// v with its lanes moved by `by`, around.
template <class T>
static inline Vector<T> rotate(Vector<T> v, int by) {
  Vector<Integer<T>> from{};
  for (int j = 0; j < kLanes<T>; ++j) from[j] = (j + by) % kLanes<T>;
  return shuffle(v, from);
}

}  // namespace fastnn::FASTNN_ISA
