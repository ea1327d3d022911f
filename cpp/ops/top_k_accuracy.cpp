// Top-k accuracy:  share of rows whose label is among the k largest predictions. No gradient.
#include "ops/metric.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct TopKAccuracy {
  static constexpr const char* attrs = "k:int=5";
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_class_cost(n, "p");
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const int64_t k = n.attr[0].ints[0];
    if (k < 1 || k > classes)
      fail(n.where, "k must be between 1 and the %lld classes of p, got %lld",
           static_cast<long long>(classes), static_cast<long long>(k));
    n.flops = static_cast<double>(count);
    n.scratch_bytes = 8 * cost_tasks(rows, kMetricGrain);
  }

  template <class T>
  static void forward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const int64_t k = n.attr[0].ints[0];
    const double sum =
        sum_parts(n, rows, kMetricGrain, count * 1.0,
                  [&](int64_t begin, int64_t end) { return hits<T>(n, k, begin, end); });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / rows);
  }
};

}  // namespace
extern const Op top_k_accuracy;
const Op top_k_accuracy = op_of<TopKAccuracy>("top_k_accuracy");
}  // namespace fastnn::FASTNN_ISA
