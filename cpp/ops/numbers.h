// An operand's data or gradient for ops that take it as T or, where a plan keeps it so, as Half.
#pragma once
#include "ops/pixels.h"
#include "simd/half.h"

namespace fastnn::FASTNN_ISA {

template <class T>
struct Numbers {
  void* memory = nullptr;
  bool half = false;
  Precision precision = Precision::kFull;  // other than that where it is Half

  explicit operator bool() const { return memory; }
  int64_t element_bytes() const { return half ? sizeof(Half) : sizeof(T); }
  // V: a vector of T, or one.
  template <class V>
  V get(int64_t at) const {
    if constexpr (sizeof(T) == 4)
      if (half) return widened<V>(static_cast<const Half*>(memory) + at);
    return FASTNN_ISA::get<V>(static_cast<const T*>(memory) + at);
  }
  template <class V>
  void put(int64_t at, V v) const {
    if constexpr (sizeof(T) == 4)
      if (half) return put_rounded(precision, static_cast<Half*>(memory) + at, v);
    FASTNN_ISA::put(static_cast<T*>(memory) + at, v);
  }
};

template <class T>
static inline Numbers<T> numbers(const Node& n, const Arg& a) {
  return {a.data, a.half, n.precision};
}
template <class T>
static inline Numbers<T> gradients(const Node& n, const Arg& a) {
  return {a.grad, a.half_grad, n.precision};
}

}  // namespace fastnn::FASTNN_ISA
