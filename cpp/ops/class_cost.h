// Costs sum y f(p) over classes (the last axis): with labels only the labelled class is read.
// Divided by the batch size N, or with per_label by the number of labels (N T for labels (N, T)).
#pragma once
#include <float.h>

#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {

template <class T>
inline constexpr T kTiny = T(FLT_MIN);  // smallest normal number
template <>
inline constexpr double kTiny<double> = DBL_MIN;

// 0, or NaN of what is no probability by more than rounding: its logarithm would be a number that
// means nothing, and a training without softmax would go on for ever. (Added to a result: before
// the logarithm it keeps GCC from vectorising the loop.)
constexpr double kSlack = 1e-3;
template <class T>
[[gnu::always_inline]] static inline T nan_of_no_probability(T p) {
  return (p >= T(-kSlack)) & (p <= T(1 + kSlack)) ? T(0) : T(kNaN);
}

constexpr const char* kClassCostAttrs = "per_label:int=0";

static inline double class_cost_divisor(const Node& n) {
  const Shape& p = n.in[0].shape;
  return static_cast<double>(n.attr[0].ints[0] ? cost_sizes(p).rows : p[0]);
}

// F::value(p) is the cost of a class of target 1, F::slope its derivative.
template <class F>
struct ClassCost {
  static constexpr const char* attrs = kClassCostAttrs;
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_class_cost(n, F::kPrediction);
    const int64_t count = elements(n.in[0].shape);
    n.flops = 2.0 * count;
    n.scratch_bytes = 8 * cost_tasks(count, kCostGrain);
  }

  template <class T>
  static double labelled(const Node& n, int64_t begin, int64_t end) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const T* p = data<T>(n.in[0]);
    const int64_t* y = data<int64_t>(n.in[1]);
    double part = 0;
    for (int64_t row = begin; row < end; ++row)
      part += y[row] >= 0 && y[row] < classes
                  ? static_cast<double>(F::value(p[row * classes + y[row]]))
                  : kNaN;
    return part;
  }

  template <class T>
  static double weighted(const Node& n, int64_t begin, int64_t end) {
    return with_values<T>(n, begin, [&](const auto* y) {
      const T* p = data<T>(n.in[0]) + begin;
      double part = 0;
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < end - begin; ++i) {
        const T weight = static_cast<T>(y[i]);
        part += weight == T(0) ? 0.0 : static_cast<double>(weight * F::value(p[i]));
      }
      return part;
    });
  }

  template <class T>
  static void forward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    double sum;
    if (target_of(n) == Target::kLabels)
      sum = sum_parts(n, rows, kCostGrain, rows * 10.0,
                      [&](int64_t begin, int64_t end) { return labelled<T>(n, begin, end); });
    else
      sum = sum_parts(n, count, kCostGrain, count * F::kCost,
                      [&](int64_t begin, int64_t end) { return weighted<T>(n, begin, end); });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / class_cost_divisor(n));
  }

  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T scale = static_cast<T>(*grad<T>(n.out[0]) / class_cost_divisor(n));
    T* dp = grad<T>(n.in[0]);
    parallel_chunks(count, kCostGrain, count * 0.5, [=, &n](int64_t begin, int64_t end) {
      alignas(64) T buffer[kCostBlock];
      for (int64_t at = begin; at < end; at += kCostBlock) {
        const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
        const T* p = data<T>(n.in[0]) + at;
        const T* y = targets<T>(n, at, m, buffer);
        if (dp)
          store_grad(dp + at, m, n.in[0].accumulate, [=](int64_t i) __attribute__((always_inline)) {
            return y[i] == T(0) ? T(0) : scale * y[i] * F::slope(p[i]);
          });
        store_target_grad<T>(n, at, m, [=](int64_t i) __attribute__((always_inline)) {
          return scale * F::value(p[i]);
        });
      }
    });
  }
};

}  // namespace fastnn::FASTNN_ISA
