// Adam's update at step t, after w has been multiplied by `keep` (AdamW's decay; 1 for Adam):
//
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   w <- keep w - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
#pragma once
#include "ops/optimizer.h"

namespace fastnn::FASTNN_ISA {

enum { kBeta1, kBeta2, kEps, kWeightDecay };

// base^n by squaring: libm's pow is not ours to call, and n is exact.
static inline double power(double base, int64_t n) {
  double y = 1;
  for (; n > 0; n >>= 1, base *= base)
    if (n & 1) y *= base;
  return y;
}

template <class T>
static void adam_update(Update& u, double keep_all) {
  const double b1 = u.hyper[kBeta1], b2 = u.hyper[kBeta2];
  T* w = static_cast<T*>(u.theta);
  T* m = state<T>(u, 0);
  T* v = state<T>(u, 1);
  const T new1 = static_cast<T>(1 - b1), keep2 = static_cast<T>(b2), new2 = static_cast<T>(1 - b2);
  const T eps = static_cast<T>(u.hyper[kEps]), keep = static_cast<T>(keep_all);
  const T rate = static_cast<T>(u.lr / (1 - power(b1, u.step)));
  const T unbias = static_cast<T>(1 / __builtin_sqrt(1 - power(b2, u.step)));
  sweep<T>(u, 7 * sizeof(T), [=](int64_t i, T g) {
    const T mean = simd::fma(new1, g - m[i], m[i]);
    const T square = simd::fma(new2 * g, g, keep2 * v[i]);
    m[i] = mean;
    v[i] = square;
    w[i] = simd::fma(-rate, mean / simd::fma(simd::sqrt(square), unbias, eps), keep * w[i]);
  });
}

}  // namespace fastnn::FASTNN_ISA
