// exp, log, tanh, sigmoid and what is built from them, for float and double: branch-free, within 4
// ulp (measured: 2) over the whole range, subnormals and infinities included; NaN propagates.
//
//   exp x    = 2^n e^r,         n = round(x / ln 2), r = x - n ln 2 in [-0.35, 0.35]
//   log x    = k ln 2 + log m,  m in [sqrt 1/2, sqrt 2)
//   tanh x   = m / (1 - m),     m = -expm1(-2|x|) / 2
//   sigmoid  = 1 / (1 + exp -x)
//
// Polynomials are minimax (weighted Remez, computed with 50 digits); the remark is their largest
// error.
#pragma once
#include "simd/real.h"

namespace fastnn::FASTNN_ISA::simd {

// f p(x) by coefficients; the next ones are multiplied by kFactor once more each.
template <int kFactor, class T>
[[gnu::always_inline]] static inline T scaled_polynomial(T, T f, T c0) {
  return f * c0;
}
template <int kFactor, class T, class... More>
[[gnu::always_inline]] static inline T scaled_polynomial(T x, T f, T c0, T c1, More... more) {
  return fma(scaled_polynomial<kFactor>(x, f * kFactor, c1, more...), x, f * c0);
}

// p(r) = (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2; with a factor f, f p(f r): the same bits of a
// power of 2.
template <int kFactor = 1>
[[gnu::always_inline]] static inline float exp_polynomial(float r) {  // 2^-26 of expm1
  return scaled_polynomial<kFactor>(r, float(kFactor), 0.49999998f, 0.166665437f, 0.0416671996f,
                                    0.00836651538f, 0.00138825305f);
}
template <int kFactor = 1>
[[gnu::always_inline]] static inline double exp_polynomial(double r) {  // 2^-55 of expm1
  return scaled_polynomial<kFactor>(
      r, double(kFactor), 0.50000000000000056, 0.16666666666666585, 0.04166666666657684,
      0.008333333333391129, 0.0013888888931557206, 0.00019841269716051459, 2.4801505273754062e-05,
      2.7557409864121764e-06, 2.7626039353958636e-07, 2.5053120086652236e-08);
}

// (log((1+s)/(1-s)) - 2s) / s^3 on 0 <= s^2 <= 0.0295.
[[gnu::always_inline]] static inline float log_polynomial(float z) {  // 2^-29
  return polynomial(z, 0.666667759f, 0.399775267f, 0.298721552f);
}
[[gnu::always_inline]] static inline double log_polynomial(double z) {  // 2^-58
  return polynomial(z, 0.6666666666666734, 0.39999999999413532, 0.28571428742667038,
                    0.2222219854219934, 0.18183566049394037, 0.15314003716091615,
                    0.1479644464392017);
}

template <class T>
struct ExpParts {
  BitsOf<T> n;  // in two's complement
  T expm1_r;
};

// ln 2 in two parts; n times the first is exact.
template <class T>
constexpr T kLn2High = sizeof(T) == 4 ? T(0x1.63p-1) : T(0x1.62e42feep-1);
template <class T>
constexpr T kLn2Low = sizeof(T) == 4 ? T(-0x1.bd0105c61p-13) : T(0x1.a39ef35793c76p-33);

template <class T>
[[gnu::always_inline]] static inline ExpParts<T> exp_parts(T x) {
  constexpr T kRound = T(1.5) * Real<T>::kInteger;  // x + kRound holds round(x) in its low bits
  const T t = fma(x, T(1.4426950408889634), kRound);
  const T n = t - kRound;
  const T r = fma(n, -kLn2Low<T>, fma(n, -kLn2High<T>, x));
  return {bits(t) - bits(kRound), fma(r * r, exp_polynomial(r), r)};
}

// 2^n for an n whose exponent field exists.
template <class T>
[[gnu::always_inline]] static inline T power_of_2(BitsOf<T> n) {
  return from_bits((n + Real<T>::kExponent) << Real<T>::kFraction);
}

template <class T>
[[gnu::always_inline]] static inline T exp(T x) {
  constexpr bool kSingle = sizeof(T) == 4;
  const auto [n, expm1_r] = exp_parts(at_least(kSingle ? T(-104) : T(-746), x));
  // 2^n may lie outside the normal numbers: two factors, the last of which rounds.
  constexpr BitsOf<T> kShift = 2048;  // makes n + kShift positive
  const BitsOf<T> half = ((n + kShift) >> 1) - kShift / 2;
  const T y = (T(1) + expm1_r) * power_of_2<T>(half) * power_of_2<T>(n - half);
  return x > (kSingle ? T(89) : T(710)) ? Real<T>::kInfinity : y;
}

// exp x for x <= 0 (softmax, sigmoid, the bell curve): one factor less.
template <class T>
[[gnu::always_inline]] static inline T exp_of_negative(T x) {
  constexpr bool kSingle = sizeof(T) == 4;
  constexpr BitsOf<T> kLift = kSingle ? 64 : 512;
  const auto [n, expm1_r] = exp_parts(at_least(kSingle ? T(-104) : T(-746), x));
  return (T(1) + expm1_r) * power_of_2<T>(n + kLift) * (kSingle ? T(0x1p-64) : T(0x1p-512));
}

// exp(x) - 1 for x <= 0, exact to the ulp near 0.
template <class T>
[[gnu::always_inline]] static inline T expm1_of_negative(T x) {
  const auto [n, expm1_r] = exp_parts(at_least(T(-50), x));
  const T scale = power_of_2<T>(n);
  return fma(scale, expm1_r, scale - T(1));
}

// log(1 + f) + k ln 2 for 1 + f in [sqrt 1/2, sqrt 2]; k is a whole number.
template <class T>
[[gnu::always_inline]] static inline T log_parts(T f, T k) {
  const T s = f / (T(2) + f);
  const T z = s * s;
  const T correction = fma(s, f - z * log_polynomial(z), -k * kLn2Low<T>);
  return fma(k, kLn2High<T>, f - correction);
}

template <class T>
[[gnu::always_inline]] static inline T log(T x) {
  constexpr T kLift = T(4) * Real<T>::kInteger;  // makes subnormal numbers normal
  constexpr T kLifted = T(Real<T>::kFraction + 2);
  constexpr BitsOf<T> kOne = bits(T(1)), kRoot = bits(T(0.70710678118654752));
  const bool tiny = x < Real<T>::kMinNormal;
  const BitsOf<T> b = bits(tiny ? x * kLift : x) + (kOne - kRoot);
  const T m = from_bits((b & ((BitsOf<T>(1) << Real<T>::kFraction) - 1)) + kRoot);
  const T biased = from_bits((b >> Real<T>::kFraction) | bits(Real<T>::kInteger));
  const T k = biased - (Real<T>::kInteger + T(Real<T>::kExponent)) - (tiny ? kLifted : T(0));
  const T y = log_parts(m - T(1), k);
  const T special = x == T(0) ? -Real<T>::kInfinity : Real<T>::kNan;
  const T positive = x < Real<T>::kInfinity ? y : x;
  return x > T(0) ? positive : special;
}

// log(1 + u) for u in [0, 1].
template <class T>
[[gnu::always_inline]] static inline T log1p_of_unit(T u) {
  const bool large = u > T(0.41421356237309505);
  return log_parts(large ? T(0.5) * (u - T(1)) : u, large ? T(1) : T(0));
}

template <class T>
[[gnu::always_inline]] static inline T tanh(T x) {
  // As exp_parts(-2|x|), all of it divided by -2, and with the exponent's bias in t already: the
  // same bits, for a tenth less time.
  constexpr T kRound = T(1.5) * Real<T>::kInteger + T(Real<T>::kExponent);
  const T a = at_most(T(25), abs(x));
  const T t = fma(a, T(-2 * 1.4426950408889634), kRound);
  const T n = t - kRound;
  const T r = fma(n, kLn2Low<T> / 2, fma(n, kLn2High<T> / 2, a));
  const T m_r = fma(r * r, exp_polynomial<-2>(r), r);
  const BitsOf<T> scale = bits(t) << Real<T>::kFraction;
  const BitsOf<T> half = scale - (BitsOf<T>(1) << Real<T>::kFraction);
  const T m = fma(from_bits(scale), m_r, T(0.5) - from_bits(half));
  return copysign(m / (T(1) - m), x);
}

template <class T>
[[gnu::always_inline]] static inline T sigmoid(T x) {
  const T e = exp_of_negative(-abs(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

// log(1 + exp x), of which log sigmoid(x) = -softplus(-x).
template <class T>
[[gnu::always_inline]] static inline T softplus(T x) {
  return at_least(T(0), x) + log1p_of_unit(exp_of_negative(-abs(x)));
}

}  // namespace fastnn::FASTNN_ISA::simd
