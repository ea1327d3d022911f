// Sums and maxima of a row, in an order that depends on its length alone.
#pragma once
#include "simd/real.h"

namespace fastnn::FASTNN_ISA::simd {

// Long rows are taken sixteen lanes side by side, which hides the latency of the additions: twice
// as fast as a plain reduction from 512 elements on, slower below 128 (AVX2, AMD EPYC, GCC 12).
constexpr int kLanes = 16;
constexpr int64_t kLongRow = 256;

// term(0) + ... + term(n - 1), in double.
template <class Term>
[[gnu::always_inline]] static inline double sum(int64_t n, const Term& given) {
  const Term term = given;  // a copy: what it points to cannot change under the loop
  double total = 0;
  int64_t done = 0;
  if (n >= kLongRow) {
    double lane[kLanes] = {};
    for (; done + kLanes <= n; done += kLanes)
#pragma omp simd
      for (int j = 0; j < kLanes; ++j) lane[j] += term(done + j);
    for (int j = 0; j < kLanes; ++j) total += lane[j];
  }
#pragma omp simd reduction(+ : total)
  for (int64_t i = done; i < n; ++i) total += term(i);
  return total;
}

// The largest of x[0..n), n >= 1. A NaN may be passed over: what is computed with it shows it.
template <class T>
[[gnu::always_inline]] static inline T largest(const T* x, int64_t n) {
  T most = x[0];
  const int64_t whole = n / kLanes * kLanes;
  int64_t i = 0;
  if (n >= kLongRow) {
    T lane[kLanes];
    for (int j = 0; j < kLanes; ++j) lane[j] = most;
    for (; i < whole; i += kLanes)
#pragma omp simd
      for (int j = 0; j < kLanes; ++j) lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (int j = 0; j < kLanes; ++j) most = lane[j] > most ? lane[j] : most;
  } else if (whole > 0) {
#pragma omp simd reduction(max : most)
    for (i = 0; i < whole; ++i) most = x[i] > most ? x[i] : most;
  }
  // Not `omp simd`: its scalar tail would pass through memory, five times as slow.
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// |x| as bits: without their sign bits, numbers are in the order of the integers that they are as
// bits, and infinity and NaN above all of them.
template <class T>
[[gnu::always_inline]] static inline BitsOf<T> magnitude_bits(T x) {
  return bits(x) & (~BitsOf<T>(0) >> 1);
}

// Those of the largest |x|, 0 of none.
template <class T>
[[gnu::noinline]] static BitsOf<T> largest_bits(const T* x, int64_t n) {
  BitsOf<T> most = 0;
#pragma omp simd reduction(max : most)
  for (int64_t i = 0; i < n; ++i) {
    const BitsOf<T> at = magnitude_bits(x[i]);
    most = at > most ? at : most;
  }
  return most;
}

}  // namespace fastnn::FASTNN_ISA::simd
