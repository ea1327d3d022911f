// Hinge cost, averaged over the batch. With labels, that of Crammer and Singer over the last axis:
//   loss = 1/N sum_n max(0, 1 + max_{j != l} a_j - a_l),  l the label
// with targets of -1 and +1 shaped as a:  loss = 1/N sum max(0, 1 - y a)
// Backward:  +1 at the best wrong class and -1 at l where the cost is > 0; or -y where 1 - y a > 0
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Hinge {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_cost(n, "a", 1);
    const int64_t count = elements(n.in[0].shape);
    n.flops = 3.0 * count;
    n.scratch_bytes = 8 * cost_tasks(count, kCostGrain);
  }

  // As -1, +1: an integer 0 or -1 is the negative class, 1 the positive.
  template <class T>
  static const T* signs(const Node& n, int64_t begin, int64_t count, T* buffer) {
    const T* y = targets<T>(n, begin, count, buffer);
    if (target_of(n) == Target::kIntegers)
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const T v = buffer[i];
        const T sign = v > T(0) ? T(1) : T(-1);
        buffer[i] = v < T(-1) || v > T(1) ? static_cast<T>(kNaN) : sign;
      }
    return y;
  }

  // The best class other than the label, the first of equals; NaN counts as best.
  template <class T>
  static int64_t best_wrong(const T* a, int64_t classes, int64_t label) {
    int64_t best = label == 0 ? 1 : 0;
    for (int64_t j = best + 1; j < classes; ++j)
      if (j != label && !(a[j] <= a[best]) && a[best] == a[best]) best = j;
    return best;
  }

  template <class T>
  static double labelled(const Node& n, int64_t begin, int64_t end) {
    const int64_t classes = cost_sizes(n.in[0].shape).classes;
    double part = 0;
    for (int64_t row = begin; row < end; ++row) {
      const T* a = data<T>(n.in[0]) + row * classes;
      const int64_t label = data<int64_t>(n.in[1])[row];
      if (label < 0 || label >= classes) return kNaN;
      const T margin = T(1) + a[best_wrong(a, classes, label)] - a[label];
      part += margin < T(0) ? T(0) : margin;
    }
    return part;
  }

  template <class T>
  static double signed_part(const Node& n, int64_t begin, int64_t end) {
    alignas(64) T buffer[kCostBlock];
    double part = 0;
    for (int64_t at = begin; at < end; at += kCostBlock) {
      const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
      const T* a = data<T>(n.in[0]) + at;
      const T* y = signs<T>(n, at, m, buffer);
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < m; ++i) {
        const T margin = T(1) - y[i] * a[i];
        part += static_cast<double>(margin < T(0) ? T(0) : margin);
      }
    }
    return part;
  }

  template <class T>
  static void forward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    double sum;
    if (target_of(n) == Target::kLabels)
      sum = sum_parts(n, rows, kCostGrain, count * 1.5,
                      [&](int64_t begin, int64_t end) { return labelled<T>(n, begin, end); });
    else
      sum = sum_parts(n, count, kCostGrain, count * 0.3,
                      [&](int64_t begin, int64_t end) { return signed_part<T>(n, begin, end); });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / n.in[0].shape[0]);
  }

  template <class T>
  static void labelled_gradient(const Node& n, int64_t row, T scale) {
    const int64_t classes = cost_sizes(n.in[0].shape).classes;
    const T* a = data<T>(n.in[0]) + row * classes;
    T* da = grad<T>(n.in[0]) + row * classes;
    const int64_t label = data<int64_t>(n.in[1])[row];
    const bool known = label >= 0 && label < classes;
    const T rest = known ? T(0) : static_cast<T>(kNaN);
    store_grad(da, classes, n.in[0].accumulate, [=](int64_t) { return rest; });
    if (!known) return;
    const int64_t best = best_wrong(a, classes, label);
    if (!(T(1) + a[best] - a[label] > T(0))) return;
    da[best] += scale;
    da[label] -= scale;
  }

  template <class T>
  static void backward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const T scale = *grad<T>(n.out[0]) / static_cast<T>(n.in[0].shape[0]);
    if (target_of(n) == Target::kLabels) {
      if (n.in[0].grad)
        parallel_chunks(rows, kCostGrain / 8, count * 1.5, [=, &n](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) labelled_gradient(n, row, scale);
        });
      return;
    }
    parallel_chunks(count, kCostGrain, count * 0.4, [=, &n](int64_t begin, int64_t end) {
      alignas(64) T buffer[kCostBlock];
      for (int64_t at = begin; at < end; at += kCostBlock) {
        const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
        const T* a = data<T>(n.in[0]) + at;
        const T* y = signs<T>(n, at, m, buffer);
        if (T* da = grad<T>(n.in[0]))
          store_grad(da + at, m, n.in[0].accumulate, [=](int64_t i) {
            return T(1) - y[i] * a[i] > T(0) || y[i] != y[i] ? -scale * y[i] : T(0);
          });
        store_target_grad<T>(
            n, at, m, [=](int64_t i) { return T(1) - y[i] * a[i] > T(0) ? -scale * a[i] : T(0); });
      }
    });
  }
};

}  // namespace
extern const Op hinge;
const Op hinge = op_of<Hinge>("hinge");
}  // namespace fastnn::FASTNN_ISA
