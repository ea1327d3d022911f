// Accuracy:  share of rows whose largest prediction (the first of equals) is at the label; with one
// output column, or a vector of predictions, share of p >= 1/2 that agrees with y >= 1/2. No
// gradient.
#include "ops/metric.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Accuracy {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};

  static bool is_binary(const Shape& p) { return p.rank == 1 || p[p.rank - 1] == 1; }

  [[gnu::cold]] static void infer(Node& n) {
    infer_cost(n, "p", 1);
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    if (n.in[0].shape.rank > 1 && classes == 0)
      fail(n.where, "p must have at least 1 class on its last axis, got shape %s",
           text_of(n.in[0].shape).text);
    n.flops = static_cast<double>(count);
    n.scratch_bytes = 8 * cost_tasks(count, kMetricGrain);
  }

  template <class T>
  static double agreements(const Node& n, int64_t begin, int64_t end) {
    alignas(64) T buffer[kCostBlock];
    double sum = 0;
    for (int64_t at = begin; at < end; at += kCostBlock) {
      const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
      const T* y = targets<T>(n, at, m, buffer, true);
      const T* p = data<T>(n.in[0]) + at;
      for (int64_t i = 0; i < m; ++i) {
        const bool agrees = (p[i] >= T(0.5)) == (y[i] >= T(0.5)) && p[i] == p[i];
        sum += y[i] == y[i] ? (agrees ? 1.0 : 0.0) : kNaN;
      }
    }
    return sum;
  }

  template <class T>
  static void forward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const bool binary = is_binary(n.in[0].shape);
    const int64_t items = binary ? count : rows;
    const double sum =
        sum_parts(n, items, kMetricGrain, count * 1.0, [&](int64_t begin, int64_t end) {
          return binary ? agreements<T>(n, begin, end) : hits<T>(n, 1, begin, end);
        });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / items);
  }
};

}  // namespace
extern const Op accuracy;
const Op accuracy = op_of<Accuracy>("accuracy");
}  // namespace fastnn::FASTNN_ISA
