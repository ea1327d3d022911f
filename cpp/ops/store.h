// How backward kernels write: dx = v or dx += v, elementwise.
#pragma once
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

// dx[i] (+)= value(i) for i in [0, n). `value` must capture by copy, so that the loop vectorises.
template <class T, class F>
static inline void store_grad(T* dx, int64_t n, bool accumulate, const F& value) {
  if (accumulate) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) dx[i] += value(i);
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) dx[i] = value(i);
  }
}

}  // namespace fastnn::FASTNN_ISA
