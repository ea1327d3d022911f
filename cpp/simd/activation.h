// Activation functions that a dense layer can fuse: functors whose slope follows from y alone.
// value: y = f(x); slope: f'(x) (x is not given where kFromOutput). At kinks slopes are PyTorch's.
#pragma once
#include "base/shape.h"
#include "simd/math.h"

namespace fastnn {

// What a GEMM epilogue can apply; the number is the attribute `activation` of op linear. Its
// `alpha` is the parameter named in brackets, which must be such that y has the sign of x.
enum class Activation : int {
  kLinear = 0,
  kSigmoid = 1,
  kTanh = 2,
  kRelu = 3,
  kLeakyRelu = 4,  // (negative_slope >= 0)
  kElu = 5,        // (alpha >= 0)
  kSelu = 6,
  kSoftplus = 7,  // (beta > 0)
  kHardSigmoid = 8,
  kStep = 9,
};
constexpr int kLastActivation = static_cast<int>(Activation::kStep);

namespace FASTNN_ISA {

// What a functor inherits and may replace. kCost: nanoseconds per float (AVX2), for the thread
// split.
struct FromOutput {
  static constexpr bool kFromOutput = true;
  static constexpr const char* attrs = "";
  static constexpr double kCost = 0.3;
};

struct Sigmoid : FromOutput {
  static constexpr Activation kActivation = Activation::kSigmoid;
  static constexpr double kCost = 0.6;
  template <class T>
  static inline T value(T x, T) {
    return simd::sigmoid(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y * (T(1) - y);
  }
};

struct Tanh : FromOutput {
  static constexpr Activation kActivation = Activation::kTanh;
  static constexpr double kCost = 0.6;
  template <class T>
  static inline T value(T x, T) {
    return simd::tanh(x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return (T(1) - y) * (T(1) + y);
  }
};

struct Relu : FromOutput {
  static constexpr Activation kActivation = Activation::kRelu;
  template <class T>
  static inline T value(T x, T) {
    return simd::at_least(T(0), x);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y <= T(0) ? T(0) : T(1);
  }
};

struct LeakyRelu : FromOutput {
  static constexpr Activation kActivation = Activation::kLeakyRelu;
  static constexpr const char* attrs = "negative_slope:real=0.01";
  template <class T>
  static inline T value(T x, T negative_slope) {
    return x < T(0) ? negative_slope * x : x;
  }
  template <class T>
  static inline T slope(T, T y, T negative_slope) {
    return y > T(0) ? T(1) : negative_slope;
  }
};

struct Elu : FromOutput {
  static constexpr Activation kActivation = Activation::kElu;
  static constexpr const char* attrs = "alpha:real=1";
  static constexpr double kCost = 0.6;
  template <class T>
  static inline T value(T x, T alpha) {
    const T below = alpha * simd::expm1_of_negative(x);
    return x > T(0) ? x : below;
  }
  template <class T>
  static inline T slope(T, T y, T alpha) {
    return y > T(0) ? T(1) : y + alpha;
  }
};

struct Selu : FromOutput {
  static constexpr Activation kActivation = Activation::kSelu;
  static constexpr double kCost = 0.6;
  static constexpr double kScale = 1.0507009873554804934, kAlpha = 1.6732632423543772848;
  template <class T>
  static inline T value(T x, T) {
    const T below = T(kScale * kAlpha) * simd::expm1_of_negative(x);
    return x > T(0) ? T(kScale) * x : below;
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y > T(0) ? T(kScale) : y + T(kScale * kAlpha);
  }
};

struct Softplus : FromOutput {
  static constexpr Activation kActivation = Activation::kSoftplus;
  static constexpr const char* attrs = "beta:real=1";
  static constexpr double kCost = 1.2;
  template <class T>
  static inline T value(T x, T beta) {
    return simd::softplus(beta * x) / beta;
  }
  template <class T>
  static inline T slope(T, T y, T beta) {
    return -simd::expm1_of_negative(-beta * y);
  }
};

// min(max(x + 3, 0), 6) / 6.
struct HardSigmoid : FromOutput {
  static constexpr Activation kActivation = Activation::kHardSigmoid;
  template <class T>
  static inline T value(T x, T) {
    return simd::at_most(T(6), simd::at_least(T(0), x + T(3))) / T(6);
  }
  template <class T>
  static inline T slope(T, T y, T) {
    return y > T(0) && y < T(1) ? T(1) / T(6) : T(0);
  }
};

// 1 where x > 0, else 0.
struct Step : FromOutput {
  static constexpr Activation kActivation = Activation::kStep;
  template <class T>
  static inline T value(T x, T) {
    const T unordered = x != x ? x : T(0);
    return x > T(0) ? T(1) : unordered;
  }
  template <class T>
  static inline T slope(T, T, T) {
    return T(0);
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
