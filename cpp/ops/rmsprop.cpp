// RMSprop:          s <- a s + (1 - a) g^2,  w <- w - lr g / (sqrt s + eps)
// With momentum m:  v <- m v + g / (sqrt s + eps),  w <- w - lr v
#include "ops/optimizer.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kAlpha, kEps, kMomentum };

template <class T>
void update(Update& u) {
  T* w = static_cast<T*>(u.theta);
  T* s = state<T>(u, 0);
  T* v = state<T>(u, 1);
  const T lr = static_cast<T>(u.lr), eps = static_cast<T>(u.hyper[kEps]);
  const T a = static_cast<T>(u.hyper[kAlpha]), rest = static_cast<T>(1 - u.hyper[kAlpha]);
  const T m = static_cast<T>(u.hyper[kMomentum]);
  if (m == T(0))
    sweep<T>(u, 5 * sizeof(T), [=](int64_t i, T g) {
      const T square = simd::fma(rest * g, g, a * s[i]);
      s[i] = square;
      w[i] = simd::fma(-lr, g / (simd::sqrt(square) + eps), w[i]);
    });
  else
    sweep<T>(u, 7 * sizeof(T), [=](int64_t i, T g) {
      const T square = simd::fma(rest * g, g, a * s[i]);
      const T velocity = simd::fma(m, v[i], g / (simd::sqrt(square) + eps));
      s[i] = square;
      v[i] = velocity;
      w[i] = simd::fma(-lr, velocity, w[i]);
    });
}

int states(const double* hyper) { return hyper[kMomentum] != 0 ? 2 : 1; }

}  // namespace
extern const Optimizer rmsprop;
const Optimizer rmsprop{
    "rmsprop", "alpha=0.99 eps=1e-8 momentum=0", {update<float>, update<double>}, states};
}  // namespace fastnn::FASTNN_ISA
