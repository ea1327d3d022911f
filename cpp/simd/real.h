// Bits of float and double, and polynomials: what simd/math.h is made of. Branch-free scalar code
// that the compiler turns into vector instructions inside `omp simd` loops.
#pragma once
#include <cstdint>

namespace fastnn::FASTNN_ISA::simd {

template <class T>
struct Real;

template <>
struct Real<float> {
  using Bits = uint32_t;
  static constexpr int kFraction = 23;    // bits of the fraction field
  static constexpr Bits kExponent = 127;  // exponent field of 1
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kNan = __builtin_nanf("");
  static constexpr float kMinNormal = 0x1p-126f;
  static constexpr float kInteger = 0x1p23f;  // its unit in the last place is 1
};

template <>
struct Real<double> {
  using Bits = uint64_t;
  static constexpr int kFraction = 52;
  static constexpr Bits kExponent = 1023;
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kNan = __builtin_nan("");
  static constexpr double kMinNormal = 0x1p-1022;
  static constexpr double kInteger = 0x1p52;
};

template <class T>
using BitsOf = typename Real<T>::Bits;

template <class T>
[[gnu::always_inline]] static inline constexpr BitsOf<T> bits(T x) {
  return __builtin_bit_cast(BitsOf<T>, x);
}
[[gnu::always_inline]] static inline float from_bits(uint32_t b) {
  return __builtin_bit_cast(float, b);
}
[[gnu::always_inline]] static inline double from_bits(uint64_t b) {
  return __builtin_bit_cast(double, b);
}

[[gnu::always_inline]] static inline float abs(float x) { return __builtin_fabsf(x); }
[[gnu::always_inline]] static inline double abs(double x) { return __builtin_fabs(x); }
[[gnu::always_inline]] static inline float sqrt(float x) { return __builtin_sqrtf(x); }
[[gnu::always_inline]] static inline double sqrt(double x) { return __builtin_sqrt(x); }
[[gnu::always_inline]] static inline float copysign(float x, float s) {
  return __builtin_copysignf(x, s);
}
[[gnu::always_inline]] static inline double copysign(double x, double s) {
  return __builtin_copysign(x, s);
}

// NaN stays NaN in both.
template <class T>
[[gnu::always_inline]] static inline T at_least(T low, T x) {
  return x < low ? low : x;
}
template <class T>
[[gnu::always_inline]] static inline T at_most(T high, T x) {
  return x > high ? high : x;
}

// a b + c, in one rounding where the instruction set has it: written out, so that the vector body
// and the scalar tail of a loop give the same bits.
[[gnu::always_inline]] static inline float fma(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
[[gnu::always_inline]] static inline double fma(double a, double b, double c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// c0 + c1 x + c2 x^2 + ... by Horner's rule.
template <class T>
[[gnu::always_inline]] static inline T polynomial(T, T c0) {
  return c0;
}
template <class T, class... More>
[[gnu::always_inline]] static inline T polynomial(T x, T c0, T c1, More... more) {
  return fma(polynomial(x, c1, more...), x, c0);
}

}  // namespace fastnn::FASTNN_ISA::simd
