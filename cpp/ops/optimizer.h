// What the optimisers share: one pass over a stretch of parameters, in which the gradient is scaled
// (clipping), the cost's penalties join it, and their sum before the update is taken:
//
//   g' = s g + l2 w + l1 sign w,   penalty = sum l1 |w| + l2/2 w^2
#pragma once
#include "ops/op.h"
#include "simd/real.h"
#include "simd/reduce.h"

namespace fastnn::FASTNN_ISA {

constexpr int kMaxChunks = 64;  // partial sums of the penalty, added in order
constexpr int64_t kLeastChunk = 8192;
constexpr int64_t kPenaltyBlock = 1024;

// The state arrays, typed.
template <class T>
static inline T* state(const Update& u, int i) {
  return static_cast<T*>(u.state[i]);
}

// Calls rule(i, g'_i) for each parameter i; rule is a closure over values that writes w[i] and
// states. `bytes`: memory traffic of one parameter, which is what a pass costs.
template <class T, class Rule>
static void sweep(Update& u, int bytes, const Rule& given) {
  constexpr double kBytesPerNs = 50;  // one core, from memory or cache (AMD EPYC)
  const T* w = static_cast<const T*>(u.theta);
  const T* g = static_cast<const T*>(u.grad);
  const T scale = static_cast<T>(u.grad_scale), l1 = static_cast<T>(u.l1),
          l2 = static_cast<T>(u.l2);
  const bool penalised = u.l1 != 0 || u.l2 != 0;
  const int64_t share = (u.n + kMaxChunks - 1) / kMaxChunks;
  const int64_t grain = share > kLeastChunk ? (share + 1023) / 1024 * 1024 : kLeastChunk;
  double partial[kMaxChunks] = {};
  parallel_chunks(u.n, grain, u.n * bytes / kBytesPerNs, [&](int64_t begin, int64_t end) {
    const Rule rule = given;  // a copy: its pointers cannot change under the loop
    const T s = scale, a = l1, b = l2;
    const T* ws = w;
    const T* gs = g;
    if (!penalised) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) rule(i, s * gs[i]);
      return;
    }
    double sum_1 = 0, sum_2 = 0;  // block by block: the update then finds w in L1
    for (int64_t at = begin; at < end; at += kPenaltyBlock) {
      const int64_t stop = at + kPenaltyBlock < end ? at + kPenaltyBlock : end;
      const T* v = ws + at;
      if (l1 != T(0))
        sum_1 +=
            simd::sum(stop - at, [v](int64_t i) { return static_cast<double>(simd::abs(v[i])); });
      if (l2 != T(0))
        sum_2 += simd::sum(stop - at, [v](int64_t i) { return static_cast<double>(v[i]) * v[i]; });
#pragma omp simd
      for (int64_t i = at; i < stop; ++i) {
        const T pull = ws[i] == T(0) ? T(0) : simd::copysign(a, ws[i]);
        rule(i, simd::fma(b, ws[i], simd::fma(s, gs[i], pull)));
      }
    }
    partial[begin / grain] = u.l1 * sum_1 + u.l2 / 2 * sum_2;
  });
  u.penalty = 0;
  for (const double p : partial) u.penalty += p;
}

}  // namespace fastnn::FASTNN_ISA
