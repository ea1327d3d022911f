// Elementary functions as functors, and the activations whose slope needs x: see simd/activation.h.
#pragma once
#include "simd/activation.h"
#include "simd/erf.h"

namespace fastnn::FASTNN_ISA {

struct FromInput : FromOutput {
  static constexpr bool kFromOutput = false;
};

struct Exp : FromOutput {
  static constexpr double kCost = 0.7;
  template <class T>
  static inline T value(T x, T) {
    return simd::exp(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y;
  }
};

struct Log : FromInput {
  static constexpr double kCost = 0.8;
  template <class T>
  static inline T value(T x, T) {
    return simd::log(x);
  }
  template <class T>
  static inline T slope(T x, T, T) {
    return T(1) / x;
  }
};

struct Erf : FromInput {
  static constexpr double kCost = 1.2;
  template <class T>
  static inline T value(T x, T) {
    return simd::erf(x);
  }
  template <class T>
  static inline T slope(T x, T, T) {
    return T(1.1283791670955126) * simd::exp_of_negative(-x * x);
  }
};

struct Sqrt : FromOutput {
  template <class T>
  static inline T value(T x, T) {
    return simd::sqrt(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return T(0.5) / y;
  }
};

struct Square : FromInput {
  template <class T>
  static inline T value(T x, T) {
    return x * x;
  }
  template <class T>
  static inline T slope(T x, T, T) {
    return x + x;
  }
};

struct Abs : FromInput {
  template <class T>
  static inline T value(T x, T) {
    return simd::abs(x);
  }
  template <class T>
  static inline T slope(T x, T, T) {
    return x == T(0) ? T(0) : simd::copysign(T(1), x);
  }
};

struct Negative : FromOutput {
  template <class T>
  static inline T value(T x, T) {
    return -x;
  }
  template <class T>
  static inline T slope(T, T, T) {
    return T(-1);
  }
};

struct Reciprocal : FromOutput {
  template <class T>
  static inline T value(T x, T) {
    return T(1) / x;
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return -(y * y);
  }
};

// Beyond this size sigmoid and Phi are 0 or 1 in both types: x is cut here where infinity would
// meet 0.
template <class T>
constexpr T kSaturated = sizeof(T) == 4 ? T(120) : T(800);
template <class T>
[[gnu::always_inline]] static inline T saturate(T x) {
  return simd::at_most(kSaturated<T>, simd::at_least(-kSaturated<T>, x));
}

// x sigmoid(x).
struct Silu : FromInput {
  static constexpr double kCost = 0.7;
  template <class T>
  static inline T value(T x, T) {
    return simd::at_least(-kSaturated<T>, x) * simd::sigmoid(x);
  }
  template <class T>
  static inline T slope(T x, T, T) {
    const T s = simd::sigmoid(x);
    return s * simd::fma(saturate(x), T(1) - s, T(1));
  }
};

// x Phi(x).
struct Gelu : FromInput {
  static constexpr double kCost = 1.1;
  template <class T>
  static inline T value(T x, T) {
    return simd::at_least(-kSaturated<T>, x) * simd::normal(x).cdf;
  }
  template <class T>
  static inline T slope(T x, T, T) {
    const auto [density, cdf] = simd::normal(x);
    return simd::fma(saturate(x), density, cdf);
  }
};

// x sigmoid(2u) = x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh : FromInput {
  static constexpr double kCost = 0.9;
  static constexpr double kScale = 1.5957691216057308, kCubic = 0.044715;
  template <class T>
  static inline T value(T x, T) {
    const T u = T(kScale) * x * simd::fma(T(kCubic) * x, x, T(1));
    return simd::at_least(-kSaturated<T>, x) * simd::sigmoid(u);
  }
  template <class T>
  static inline T slope(T x, T, T) {
    x = saturate(x);
    const T square = x * x;
    const T s = simd::sigmoid(T(kScale) * x * simd::fma(T(kCubic), square, T(1)));
    const T du = T(kScale) * simd::fma(T(3 * kCubic), square, T(1));
    return s * simd::fma(x * (T(1) - s), du, T(1));
  }
};

}  // namespace fastnn::FASTNN_ISA
