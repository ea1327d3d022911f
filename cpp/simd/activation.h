// Activation functions as functors: value y = f(x), slope f'(x) from x and y.
// kFromOutput: the slope needs y alone, so that the function can be fused into the op before it.
#pragma once
#include "base/shape.h"
#include "simd/math.h"

namespace fastnn {

// What a GEMM epilogue can apply; the number is the attribute `activation` of op linear.
enum class Activation : int { kLinear = 0, kSigmoid = 1, kTanh = 2, kRelu = 3, kLeakyRelu = 4 };

namespace FASTNN_ISA {

struct Sigmoid {
  static constexpr bool kFromOutput = true;
  template <class T>
  static inline T value(T x, T) {
    return simd::sigmoid(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y * (T(1) - y);
  }
};

struct Tanh {
  static constexpr bool kFromOutput = true;
  template <class T>
  static inline T value(T x, T) {
    return simd::tanh(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return T(1) - y * y;
  }
};

struct Relu {
  static constexpr bool kFromOutput = true;
  template <class T>
  static inline T value(T x, T) {
    return x < T(0) ? T(0) : x;  // NaN stays NaN
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y > T(0) ? T(1) : T(0);
  }
};

struct LeakyRelu {
  static constexpr bool kFromOutput = true;
  template <class T>
  static inline T value(T x, T alpha) {
    return x < T(0) ? alpha * x : x;
  }
  template <class T>
  static inline T slope(T, T y, T alpha) {
    return y > T(0) ? T(1) : alpha;
  }
};

// y[0..n) = f(y) in place.
template <class T>
void activate(Activation kind, double alpha, T* y, int64_t n);
// dz = dy * f'(.) from the output y; dz may be dy.
template <class T>
void activation_backward(Activation kind, double alpha, const T* y, const T* dy, T* dz, int64_t n);

}  // namespace FASTNN_ISA
}  // namespace fastnn
