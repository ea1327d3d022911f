// The error function and the normal distribution:
//
//   erf x = 1 - exp(-x g(x)),                 g(x) = -log(erfc x) / x, smooth on [0, 6]
//   Phi(x) = exp(-x^2 / 2) H(-x),  x <= 0,    H(a) = exp(a^2 / 2) erfc(a / sqrt 2) / 2
//
// Both keep full relative accuracy where the obvious formula cancels: erf near 0, Phi far below 0.
#pragma once
#include "simd/math.h"

namespace fastnn::FASTNN_ISA::simd {

// (g(x) - 2 / sqrt pi) / x.
[[gnu::always_inline]] static inline float erf_polynomial(float x) {  // 2^-29 of erf on [0, 4]
  return polynomial(x, 0.636619707f, 0.102772859f, -0.0191251408f, -0.000235367659f, 0.00177667159f,
                    -0.000724149346f, 0.000160710111f, -1.99218642e-05f, 1.07319211e-06f);
}
[[gnu::always_inline]] static inline double erf_polynomial(double x) {  // 2^-54 of erf on [0, 6]
  return polynomial(x, 0.6366197723675944, 0.10277260330111163, -0.019128446988366413,
                    -0.00020919491103212903, 0.001696208084837008, -0.000590134406204747,
                    2.591101376569754e-05, 6.440506355454438e-05, -2.9548925369398528e-05,
                    3.135278262775435e-06, 3.165560985136707e-06, -2.0591741594415656e-06,
                    5.798919802389092e-07, -1.2449687698275203e-08, -6.795516986565377e-08,
                    3.654802224228258e-08, -1.1755405225261802e-08, 2.7013204326956447e-09,
                    -4.620233070404782e-10, 5.882495476580655e-11, -5.437233725040481e-12,
                    3.4545976933680143e-13, -1.350392797303896e-14, 2.4483197934962837e-16);
}

template <class T>
[[gnu::always_inline]] static inline T erf(T x) {
  const T a = at_most(sizeof(T) == 4 ? T(4) : T(6), abs(x));
  return copysign(expm1_of_negative(-fma(a, T(1.1283791670955126), a * a * erf_polynomial(a))), x);
}

// (a + k) H(a) as a polynomial in q = (a - k) / (a + k).
template <class T>
constexpr T kHalfway = sizeof(T) == 4 ? T(4) : T(5);
[[gnu::always_inline]] static inline float tail_polynomial(float q) {  // 2^-26
  return polynomial(q, 0.755285135f, -0.607896588f, 0.387136901f, -0.186523443f, 0.0604038318f,
                    -0.00752527182f, -0.00351255666f, 0.00156992316f, 0.000179357624f,
                    -0.000131969805f);
}
[[gnu::always_inline]] static inline double tail_polynomial(double q) {  // 2^-57
  return polynomial(q, 0.76919304975006297, -0.66538250289005674, 0.4953056159699773,
                    -0.31353315667129622, 0.16502036617033744, -0.069118638706569979,
                    0.020795066800837141, -0.0029933767667060366, -0.00079786940800494861,
                    0.00054489903339398869, -5.9375674816690184e-05, -4.9762654928259339e-05,
                    1.6681041296548516e-05, 3.9803847613493216e-06, -2.7689526154930594e-06,
                    -3.3553731701935302e-07, 4.3288424537266071e-07, 4.0880648948853918e-08,
                    -6.6011593050093173e-08, -8.2949293845269611e-09, 7.9421713100182434e-09,
                    1.4320145365791866e-09, -3.0288273683335161e-10);
}

template <class T>
struct Normal {
  T density, cdf;
};

template <class T>
[[gnu::always_inline]] static inline Normal<T> normal(T x) {
  constexpr T k = kHalfway<T>;
  const T bell = exp_of_negative(T(-0.5) * x * x);
  const T u = T(1) / (abs(x) + k);
  const T tail = bell * (u * tail_polynomial(fma(T(-2) * k, u, T(1))));
  return {T(0.3989422804014327) * bell, x < T(0) ? tail : T(1) - tail};
}

}  // namespace fastnn::FASTNN_ISA::simd
