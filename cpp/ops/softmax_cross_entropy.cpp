// Softmax and cross-entropy in one, exact and stable, over the last axis of x:
//   p = exp(x - max) / s,  s = sum exp(x - max),  loss = 1/N sum_j y_j (log s + max - x_j)
// Backward:  dx = (p sum(y) - y) / N, plus what reaches x through the output p: p (dp - sum p dp)
// s and the logarithm are double: a cost of 1e-9 on a well-trained sample is still seen.
#include "ops/class_cost.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kFlat = 2048;      // elements that share one pass of exp
constexpr int64_t kFewClasses = 16;  // below, vectors cost more than they bring

template <class T>
double row_sum(const T* v, int64_t n) {
  double sum = 0;
  if (n < kFewClasses) {
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(v[i]);
    return sum;
  }
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(v[i]);
  return sum;
}

template <class T>
T row_max(const T* v, int64_t n) {
  T most = v[0];
  if (n < kFewClasses) {
    for (int64_t i = 1; i < n; ++i) most = v[i] > most ? v[i] : most;
    return most;
  }
#pragma omp simd reduction(max : most)
  for (int64_t i = 0; i < n; ++i) most = v[i] > most ? v[i] : most;
  return most;
}

struct SoftmaxCrossEntropy {
  static constexpr const char* attrs = kClassCostAttrs;
  static constexpr Operands kOperands{2, 2};

  static int64_t grain(int64_t classes) {
    return classes < kCostGrain ? kCostGrain / classes : 1;  // rows per task
  }

  [[gnu::cold]] static void infer(Node& n) {
    infer_class_cost(n, "logits");
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    n.n_out = 2;
    n.out[1].shape = n.in[0].shape;
    n.out[1].dtype = n.in[0].dtype;
    n.reads_in = 2u;
    n.reads_out = 2u;
    n.flops = 8.0 * count;
    n.scratch_bytes = 8 * cost_tasks(rows, grain(classes));
  }

  // Cost of one row, whose exponentials have the sum s.
  template <class T>
  static double row_cost(const Node& n, int64_t row, int64_t classes, T most, double s) {
    const T* x = data<T>(n.in[0]) + row * classes;
    const double log_s = simd::log(s);
    if (target_of(n) == Target::kLabels) {
      const int64_t label = data<int64_t>(n.in[1])[row];
      if (label < 0 || label >= classes) return kNaN;
      return log_s + (static_cast<double>(most) - x[label]);
    }
    return with_values<T>(n, row * classes, [&](const auto* y) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < classes; ++j) {
        const double weight = static_cast<double>(y[j]);
        sum += weight == 0 ? 0.0 : weight * (log_s + (static_cast<double>(most) - x[j]));
      }
      return sum;
    });
  }

  template <class T>
  static double forward_rows(const Node& n, int64_t begin, int64_t end) {
    const int64_t classes = cost_sizes(n.in[0].shape).classes;
    const int64_t step = classes < kFlat ? kFlat / classes : 1;
    T most[kFlat / 2];  // at least 2 classes
    double part = 0;
    for (int64_t first = begin; first < end; first += step) {
      const int64_t last = first + step < end ? first + step : end;
      const T* x = data<T>(n.in[0]);
      T* p = out_data<T>(n.out[1]);
      for (int64_t row = first; row < last; ++row) {
        const T* from = x + row * classes;
        T* to = p + row * classes;
        const T top = most[row - first] = row_max(from, classes);
#pragma omp simd
        for (int64_t j = 0; j < classes; ++j) to[j] = from[j] - top;
      }
      // One loop over all rows: short rows would leave most of it to the scalar tail.
      T* flat = p + first * classes;
#pragma omp simd
      for (int64_t i = 0; i < (last - first) * classes; ++i) flat[i] = simd::exp(flat[i]);
      for (int64_t row = first; row < last; ++row) {
        T* to = p + row * classes;
        const double s = row_sum(to, classes);
        const T scale = static_cast<T>(1 / s);
#pragma omp simd
        for (int64_t j = 0; j < classes; ++j) to[j] *= scale;
        part += row_cost(n, row, classes, most[row - first], s);
      }
    }
    return part;
  }

  template <class T>
  static void forward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const double sum =
        sum_parts(n, rows, grain(classes), rows * 25.0 + count * 2.0,
                  [&](int64_t begin, int64_t end) { return forward_rows<T>(n, begin, end); });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / class_cost_divisor(n));
  }

  // dx of one row: scale (p sum(y) - y) + p (dp - sum p dp)
  template <class T>
  static void backward_row(const Node& n, int64_t row, int64_t classes, T scale) {
    const T* p = data<T>(n.out[1]) + row * classes;
    T* dx = grad<T>(n.in[0]) + row * classes;
    const bool accumulate = n.in[0].accumulate;
    const T* dp = grad<T>(n.out[1]);
    T inner = 0;
    if (dp) {
      dp += row * classes;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < classes; ++j) sum += static_cast<double>(p[j] * dp[j]);
      inner = static_cast<T>(sum);
    }
    if (target_of(n) == Target::kLabels) {
      const int64_t label = data<int64_t>(n.in[1])[row];
      const bool known = label >= 0 && label < classes;
      const T weight = known ? scale : static_cast<T>(kNaN);
      store_grad(dx, classes, accumulate, [=](int64_t j) { return weight * p[j]; });
      if (known) dx[label] -= scale;
    } else {
      with_values<T>(n, row * classes, [&](const auto* y) {
        const T total = static_cast<T>(row_sum(y, classes));
        store_grad(dx, classes, accumulate,
                   [=](int64_t j) { return scale * (p[j] * total - static_cast<T>(y[j])); });
      });
    }
    if (dp)
#pragma omp simd
      for (int64_t j = 0; j < classes; ++j) dx[j] += p[j] * (dp[j] - inner);
  }

  template <class T>
  static void backward(const Node& n) {
    const auto [count, rows, classes] = cost_sizes(n.in[0].shape);
    const T* dloss = grad<T>(n.out[0]);
    const T scale = dloss ? static_cast<T>(*dloss / class_cost_divisor(n)) : T(0);
    parallel_chunks(
        rows, grain(classes), count * 0.5, [&, classes = classes](int64_t begin, int64_t end) {
          const T* p = data<T>(n.out[1]) + begin * classes;
          if (n.in[0].grad)
            for (int64_t row = begin; row < end; ++row) backward_row(n, row, classes, scale);
          store_target_grad<T>(n, begin * classes, (end - begin) * classes, [=](int64_t i) {
            return -scale * simd::log(p[i] < kTiny<T> ? kTiny<T> : p[i]);
          });
        });
  }
};

}  // namespace
extern const Op softmax_cross_entropy;
const Op softmax_cross_entropy = op_of<SoftmaxCrossEntropy>("softmax_cross_entropy");
}  // namespace fastnn::FASTNN_ISA
