// exp, log, tanh, sigmoid, erf as branch-free scalar code that `omp simd` loops vectorise.
#pragma once

namespace fastnn::FASTNN_ISA::simd {

static inline float exp(float x) { return __builtin_expf(x); }
static inline double exp(double x) { return __builtin_exp(x); }
static inline float log(float x) { return __builtin_logf(x); }
static inline double log(double x) { return __builtin_log(x); }
static inline float tanh(float x) { return __builtin_tanhf(x); }
static inline double tanh(double x) { return __builtin_tanh(x); }

template <class T>
static inline T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

}  // namespace fastnn::FASTNN_ISA::simd
