// Numbers that lie in memory as bfloat16, the upper half of a float32, and are computed with as
// float32: what a plan keeps between steps in mixed precision.
#pragma once
#include <cstdint>

#include "base/precision.h"
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace fastnn::FASTNN_ISA {

enum class Bf16 : uint16_t {};

template <int kBytes>
struct BitsOfBytes {
  typedef uint32_t whole __attribute__((vector_size(kBytes)));
  typedef uint16_t half __attribute__((vector_size(kBytes / 2)));
};

// V: a vector of floats, or one.
template <class V>
static inline V widened(const Bf16* p) {
  if constexpr (sizeof(V) == 4) {
    return __builtin_bit_cast(V, static_cast<uint32_t>(*p) << 16);
  } else {
    typename BitsOfBytes<sizeof(V)>::half x;
    __builtin_memcpy(&x, p, sizeof x);
    return __builtin_bit_cast(V, __builtin_convertvector(x, typename BitsOfBytes<sizeof(V)>::whole)
                                     << 16);
  }
}

// To the nearest, ties to even, in the low half of each element. That may carry from the mantissa
// into the exponent, up to infinity; NaN is made quiet.
template <class Bits>
static inline Bits rounded_bits(Bits x) {
  const Bits nearest = x + 0x7fff + (x >> 16 & 1);
  return ((x & 0x7fffffff) > 0x7f800000 ? x | 0x400000 : nearest) >> 16;
}

// Out of line: many places ask for it, in emulation alone.
template <class V>
[[gnu::noinline]] static void put_rounded_bits(Bf16* p, const V& v) {
  if constexpr (sizeof(V) == 4) {
    *p = static_cast<Bf16>(rounded_bits(__builtin_bit_cast(uint32_t, v)));
  } else {
    using Bits = BitsOfBytes<sizeof(V)>;
    const auto y = __builtin_convertvector(
        rounded_bits(__builtin_bit_cast(typename Bits::whole, v)), typename Bits::half);
    __builtin_memcpy(p, &y, sizeof y);
  }
}

// kBf16 means a CPU with AVX512-BF16: by its instruction where a file is compiled with it, which
// takes subnormal numbers as zeros.
template <class V>
static inline void put_rounded([[maybe_unused]] Precision precision, Bf16* p, V v) {
#if defined(__AVX512BF16__)
  if constexpr (sizeof(V) == 64)
    if (precision == Precision::kBf16) {
      const __m256bh y = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, v));
      __builtin_memcpy(p, &y, sizeof y);
      return;
    }
#endif
  put_rounded_bits(p, v);
}

}  // namespace fastnn::FASTNN_ISA
