// An operand's data or gradient for ops that take it as T or, where a plan keeps it so, as Bf16.
#pragma once
#include "ops/pixels.h"
#include "simd/bf16.h"

namespace fastnn::FASTNN_ISA {

template <class T>
struct Numbers {
  void* memory = nullptr;
  bool bf16 = false;
  Precision precision = Precision::kFull;  // other than that where it is Bf16

  explicit operator bool() const { return memory; }
  int64_t element_bytes() const { return bf16 ? sizeof(Bf16) : sizeof(T); }
  // V: a vector of T, or one.
  template <class V>
  V get(int64_t at) const {
    if constexpr (sizeof(T) == 4)
      if (bf16) return widened<V>(static_cast<const Bf16*>(memory) + at);
    return FASTNN_ISA::get<V>(static_cast<const T*>(memory) + at);
  }
  template <class V>
  void put(int64_t at, V v) const {
    if constexpr (sizeof(T) == 4)
      if (bf16) return put_rounded(precision, static_cast<Bf16*>(memory) + at, v);
    FASTNN_ISA::put(static_cast<T*>(memory) + at, v);
  }
};

template <class T>
static inline Numbers<T> numbers(const Node& n, const Arg& a) {
  return {a.data, a.bf16, n.precision};
}
template <class T>
static inline Numbers<T> gradients(const Node& n, const Arg& a) {
  return {a.grad, a.bf16_grad, n.precision};
}

}  // namespace fastnn::FASTNN_ISA
