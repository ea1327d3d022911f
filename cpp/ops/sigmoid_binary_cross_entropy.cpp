// Sigmoid and binary cross-entropy in one, exact and stable, summed over units, averaged over N:
//   p = 1 / (1 + exp(-x)),  loss = 1/N sum (max(x, 0) - x y + log(1 + exp(-|x|)))
// Backward:  dx = (p - y) / N, plus what reaches x through the output p: dp p (1 - p)
#include "ops/class_cost.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct SigmoidBinaryCrossEntropy {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_cost(n, "logits", 1);
    const int64_t count = elements(n.in[0].shape);
    n.n_out = 2;
    n.out[1].shape = n.in[0].shape;
    n.out[1].dtype = n.in[0].dtype;
    n.reads_in = 2u;
    n.reads_out = 2u;
    n.flops = 8.0 * count;
    n.scratch_bytes = 8 * cost_tasks(count, kCostGrain);
  }

  // log(1 + e) for 0 <= e <= 1 to full relative precision (Kahan).
  template <class T>
  static inline T log_of_one_plus(T e) {
    const T u = T(1) + e;
    return u == T(1) ? e : simd::log(u) * (e / (u - T(1)));
  }

  template <class T>
  static double forward_part(const Node& n, int64_t begin, int64_t end) {
    alignas(64) T buffer[kCostBlock];
    double part = 0;
    for (int64_t at = begin; at < end; at += kCostBlock) {
      const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
      const T* x = data<T>(n.in[0]) + at;
      const T* y = targets<T>(n, at, m, buffer, true);
      T* p = out_data<T>(n.out[1]) + at;
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < m; ++i) {
        const T v = x[i];
        const T e = simd::exp(v < T(0) ? v : -v);
        p[i] = (v < T(0) ? e : T(1)) / (T(1) + e);
        part += static_cast<double>((v < T(0) ? T(0) : v) - v * y[i] + log_of_one_plus(e));
      }
    }
    return part;
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const double sum =
        sum_parts(n, count, kCostGrain, count * 4.0,
                  [&](int64_t begin, int64_t end) { return forward_part<T>(n, begin, end); });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / n.in[0].shape[0]);
  }

  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T* dloss = grad<T>(n.out[0]);
    const T scale = dloss ? *dloss / static_cast<T>(n.in[0].shape[0]) : T(0);
    parallel_chunks(count, kCostGrain, count * 0.5, [=, &n](int64_t begin, int64_t end) {
      alignas(64) T buffer[kCostBlock];
      for (int64_t at = begin; at < end; at += kCostBlock) {
        const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
        const T* p = data<T>(n.out[1]) + at;
        const T* y = targets<T>(n, at, m, buffer, true);
        if (T* dx = grad<T>(n.in[0])) {
          const bool accumulate = n.in[0].accumulate;
          store_grad(dx + at, m, accumulate, [=](int64_t i) { return scale * (p[i] - y[i]); });
          if (const T* dp = grad<T>(n.out[1]))
            store_grad(dx + at, m, true,
                       [=](int64_t i) { return dp[at + i] * p[i] * (T(1) - p[i]); });
        }
        store_target_grad<T>(n, at, m, [=](int64_t i) {
          const T q = T(1) - p[i];  // -x = log(1 - p) - log p
          return scale * (simd::log(q < kTiny<T> ? kTiny<T> : q) -
                          simd::log(p[i] < kTiny<T> ? kTiny<T> : p[i]));
        });
      }
    });
  }
};

}  // namespace
extern const Op sigmoid_binary_cross_entropy;
const Op sigmoid_binary_cross_entropy =
    op_of<SigmoidBinaryCrossEntropy>("sigmoid_binary_cross_entropy");
}  // namespace fastnn::FASTNN_ISA
