#include "simd/activation.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class F, class T>
void apply(double alpha, T* y, int64_t n) {
  const T a = static_cast<T>(alpha);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = F::value(y[i], a);
}

template <class F, class T>
void reverse(double alpha, const T* y, const T* dy, T* dz, int64_t n) {
  const T a = static_cast<T>(alpha);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dz[i] = dy[i] * F::slope(T(0), y[i], a);
}

}  // namespace

template <class T>
void activate(Activation kind, double alpha, T* y, int64_t n) {
  switch (kind) {
    case Activation::kLinear:
      return;
    case Activation::kSigmoid:
      return apply<Sigmoid>(alpha, y, n);
    case Activation::kTanh:
      return apply<Tanh>(alpha, y, n);
    case Activation::kRelu:
      return apply<Relu>(alpha, y, n);
    case Activation::kLeakyRelu:
      return apply<LeakyRelu>(alpha, y, n);
    case Activation::kElu:
      return apply<Elu>(alpha, y, n);
    case Activation::kSelu:
      return apply<Selu>(alpha, y, n);
    case Activation::kSoftplus:
      return apply<Softplus>(alpha, y, n);
    case Activation::kHardSigmoid:
      return apply<HardSigmoid>(alpha, y, n);
    case Activation::kStep:
      return apply<Step>(alpha, y, n);
  }
}

template <class T>
void activation_backward(Activation kind, double alpha, const T* y, const T* dy, T* dz, int64_t n) {
  switch (kind) {
    case Activation::kLinear:
      if (dz != dy) __builtin_memcpy(dz, dy, n * sizeof(T));
      return;
    case Activation::kSigmoid:
      return reverse<Sigmoid>(alpha, y, dy, dz, n);
    case Activation::kTanh:
      return reverse<Tanh>(alpha, y, dy, dz, n);
    case Activation::kRelu:
      return reverse<Relu>(alpha, y, dy, dz, n);
    case Activation::kLeakyRelu:
      return reverse<LeakyRelu>(alpha, y, dy, dz, n);
    case Activation::kElu:
      return reverse<Elu>(alpha, y, dy, dz, n);
    case Activation::kSelu:
      return reverse<Selu>(alpha, y, dy, dz, n);
    case Activation::kSoftplus:
      return reverse<Softplus>(alpha, y, dy, dz, n);
    case Activation::kHardSigmoid:
      return reverse<HardSigmoid>(alpha, y, dy, dz, n);
    case Activation::kStep:
      return reverse<Step>(alpha, y, dy, dz, n);
  }
}

template void activate<float>(Activation, double, float*, int64_t);
template void activate<double>(Activation, double, double*, int64_t);
template void activation_backward<float>(Activation, double, const float*, const float*, float*,
                                         int64_t);
template void activation_backward<double>(Activation, double, const double*, const double*, double*,
                                          int64_t);

}  // namespace fastnn::FASTNN_ISA
