// Batch normalisation by running statistics, folded into the product z before it (graph/fuse.h):
//   act((z + b - mean) scale + shift) = act(scale z + (shift + (b - mean) scale)),
// scale = weight / sqrt(var + eps). Its operands weight, shift, mean, var follow the product's own,
// attribute `eps` is not 0 then. For inference: there is no gradient.
#pragma once
#include "gemm/cut.h"
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

constexpr int kNormOperands = 4;

static inline int64_t folded_bytes(int64_t K, int64_t size) { return align64(2 * K * size); }

// to[0..K): scales, to[K..2K): biases. `b` may be null.
template <class T>
[[gnu::noinline]] static void fold(const Arg* norm, double eps, const T* b, int64_t K, T* to) {
  const T *weight = data<T>(norm[0]), *shift = data<T>(norm[1]);
  const T *mean = data<T>(norm[2]), *var = data<T>(norm[3]);
  for (int64_t k = 0; k < K; ++k) {
    const double scale = weight[k] / __builtin_sqrt(static_cast<double>(var[k]) + eps);
    to[k] = static_cast<T>(scale);
    to[K + k] =
        static_cast<T>(shift[k] + ((b ? b[k] : T(0)) - static_cast<double>(mean[k])) * scale);
  }
}

// `own`: operands of the product itself, the bias among them or not; the others are fused.
[[gnu::cold, gnu::noinline]] static void check_own(const Node& n, int own) {
  if (own < 2 || own > 3)
    fail(n.where, "operands of %s must be 2 to 3 and %d of what is fused, got %d", n.op->name,
         n.n_in - own, n.n_in);
}

[[gnu::cold, gnu::noinline]] static void check_folded(const Node& n, const Arg* norm, int64_t K) {
  for (int i = 0; i < kNormOperands; ++i)
    if (norm[i].shape.rank != 1 || norm[i].shape[0] != K || norm[i].dtype != n.in[0].dtype)
      fail(n.where, "operands of a folded batch_norm must be %s of shape (%lld,), got %s of %s",
           name_of(n.in[0].dtype), static_cast<long long>(K), name_of(norm[i].dtype),
           text_of(norm[i].shape).text);
}

}  // namespace fastnn::FASTNN_ISA
