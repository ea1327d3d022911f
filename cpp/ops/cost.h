// What the costs share: targets given as values or as labels (read as one-hot rows), and sums in
// double over fixed stretches, so that the loss does not depend on the thread count.
#pragma once
#include "ops/op.h"
#include "ops/store.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kCostBlock = 512;    // targets spelled out at a time
constexpr int64_t kCostGrain = 16384;  // elements per task
constexpr double kNaN = __builtin_nan("");

// kValues: real, shaped as the prediction. kIntegers: the same as int64 (or without a last axis of
// length 1). kLabels: int64 without the last axis, each the index of the 1 in a one-hot row.
enum class Target { kValues, kIntegers, kLabels };

// Sizes of a prediction (N, ..., C) seen as rows of classes.
struct CostSizes {
  int64_t count, rows, classes;
};

static inline CostSizes cost_sizes(const Shape& a) {
  return {elements(a), elements(a, 0, a.rank - 1), a[a.rank - 1]};
}

static inline bool is_without_last(const Shape& y, const Shape& a) {
  if (y.rank != a.rank - 1) return false;
  for (int i = 0; i < y.rank; ++i)
    if (y[i] != a[i]) return false;
  return true;
}

static inline Target target_of(const Node& n) {
  const Arg &a = n.in[0], &y = n.in[1];
  if (is_real(y.dtype)) return Target::kValues;
  return y.shape == a.shape || a.shape[a.shape.rank - 1] == 1 ? Target::kIntegers : Target::kLabels;
}

static inline int64_t cost_tasks(int64_t count, int64_t grain) {
  return (count + grain - 1) / grain;
}

// The shape rule of a cost of prediction in[0], called `name` in errors, and target in[1].
static inline void infer_cost(Node& n, const char* name, int min_rank) {
  const Arg &a = n.in[0], &y = n.in[1];
  if (!is_real(a.dtype))
    fail_type(n.where, "%s must be float32 or float64, got %s", name, name_of(a.dtype));
  if (a.shape.rank < min_rank)
    fail(n.where, "%s must have at least %d %s, got shape %s", name, min_rank,
         min_rank == 1 ? "axis" : "axes", text_of(a.shape).text);
  if (y.dtype != a.dtype && y.dtype != DType::kInt64)
    fail_type(n.where, "y must be %s because %s is, or int64 labels, got %s", name_of(a.dtype),
              name, name_of(y.dtype));
  Shape labels = a.shape;
  --labels.rank;
  const bool short_form = is_without_last(y.shape, a.shape) && labels.rank > 0;
  if (!(y.shape == a.shape) &&
      !(short_form && (y.dtype == DType::kInt64 || a.shape[a.shape.rank - 1] == 1))) {
    if (labels.rank > 0)
      fail(n.where,
           "y must have shape %s, or %s as int64 labels, because %s has shape %s, got %s %s",
           text_of(a.shape).text, text_of(labels).text, name, text_of(a.shape).text,
           name_of(y.dtype), text_of(y.shape).text);
    fail(n.where, "y must have shape %s because %s has, got %s", text_of(a.shape).text, name,
         text_of(y.shape).text);
  }
  n.out[0].shape = Shape{};
  n.out[0].dtype = a.dtype;
  n.reads_in = 3u;
  n.reads_out = 0u;
}

// The shape rule of a cost over classes: the last of at least 2 axes, of at least 2 classes.
static inline void infer_class_cost(Node& n, const char* name) {
  infer_cost(n, name, 2);
  const Shape& a = n.in[0].shape;
  if (a[a.rank - 1] < 2)
    fail(n.where,
         "%s must have at least 2 classes on its last axis, got shape %s; use a binary cost", name,
         text_of(a).text);
}

// f(y), y the targets that are shaped as the prediction, from `begin` on: reals or integers.
template <class T, class F>
[[gnu::always_inline]] static inline auto with_values(const Node& n, int64_t begin, const F& f) {
  return is_real(n.in[1].dtype) ? f(data<T>(n.in[1]) + begin) : f(data<int64_t>(n.in[1]) + begin);
}

// Targets [begin, begin + count) in the prediction's order, count <= kCostBlock: where they lie, or
// spelled out in `buffer`. A label that names no class is a row of NaN, which reaches loss and
// gradient. `binary`: an integer other than 0 and 1 is NaN too.
template <class T>
static const T* targets(const Node& n, int64_t begin, int64_t count, T* buffer,
                        bool binary = false) {
  const Target kind = target_of(n);
  if (kind == Target::kValues) return data<T>(n.in[1]) + begin;
  const int64_t* y = data<int64_t>(n.in[1]);
  if (kind == Target::kIntegers) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t v = y[begin + i];
      buffer[i] = binary && (v < 0 || v > 1) ? static_cast<T>(kNaN) : static_cast<T>(v);
    }
    return buffer;
  }
  const int64_t classes = cost_sizes(n.in[0].shape).classes, end = begin + count;
  for (int64_t row = begin / classes; row * classes < end; ++row) {
    const int64_t first = row * classes, label = y[row];
    const int64_t from = first > begin ? first : begin;
    const int64_t to = first + classes < end ? first + classes : end;
    const T other = label >= 0 && label < classes ? T(0) : static_cast<T>(kNaN);
    for (int64_t i = from; i < to; ++i) buffer[i - begin] = other;
    if (first + label >= from && first + label < to && other == T(0))
      buffer[first + label - begin] = T(1);
  }
  return buffer;
}

// sum over tasks of part(begin, end), in double: tasks cut from the count alone, added in their
// order.
template <class F>
static double sum_parts(const Node& n, int64_t count, int64_t grain, double cost, const F& part) {
  if (count <= grain) return count > 0 ? part(int64_t{0}, count) : 0.0;
  double* sums = static_cast<double*>(n.scratch);
  parallel_chunks(count, grain, cost,
                  [&](int64_t begin, int64_t end) { sums[begin / grain] = part(begin, end); });
  double sum = 0;
  for (int64_t i = 0; i < cost_tasks(count, grain); ++i) sum += sums[i];
  return sum;
}

// dy = value(i) for real targets that want a gradient (a target may itself be computed).
template <class T, class F>
static void store_target_grad(const Node& n, int64_t begin, int64_t count, const F& value) {
  if (T* dy = grad<T>(n.in[1])) store_grad(dy + begin, count, n.in[1].accumulate, value);
}

// A cost that is a sum of F::value(a, y, parameter) over elements, divided by N, or by the number
// of elements where F::kMean. F::slope is its derivative for a, F::target_slope for y.
template <class F>
struct ElementCost {
  static constexpr const char* attrs = F::attrs;
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    infer_cost(n, F::kPrediction, 1);
    F::check(n);
    const int64_t count = elements(n.in[0].shape);
    n.flops = 4.0 * count;
    n.scratch_bytes = 8 * cost_tasks(count, kCostGrain);
  }

  static double divisor(const Node& n) {
    return static_cast<double>(F::kMean ? elements(n.in[0].shape) : n.in[0].shape[0]);
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T parameter = static_cast<T>(n.attr[0].real);
    const double sum =
        sum_parts(n, count, kCostGrain, count * F::kCost, [&](int64_t begin, int64_t end) {
          alignas(64) T buffer[kCostBlock];
          double part = 0;
          for (int64_t at = begin; at < end; at += kCostBlock) {
            const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
            const T* a = data<T>(n.in[0]) + at;
            const T* y = targets<T>(n, at, m, buffer, F::kBinary);
#pragma omp simd reduction(+ : part)
            for (int64_t i = 0; i < m; ++i)
              part += static_cast<double>(F::value(a[i], y[i], parameter));
          }
          return part;
        });
    *out_data<T>(n.out[0]) = static_cast<T>(sum / divisor(n));
  }

  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T parameter = static_cast<T>(n.attr[0].real);
    const T scale = static_cast<T>(*grad<T>(n.out[0]) / divisor(n));
    T* da = grad<T>(n.in[0]);
    parallel_chunks(count, kCostGrain, count * F::kCost, [=, &n](int64_t begin, int64_t end) {
      alignas(64) T buffer[kCostBlock];
      for (int64_t at = begin; at < end; at += kCostBlock) {
        const int64_t m = end - at < kCostBlock ? end - at : kCostBlock;
        const T* a = data<T>(n.in[0]) + at;
        const T* y = targets<T>(n, at, m, buffer, F::kBinary);
        if (da)
          store_grad(da + at, m, n.in[0].accumulate, [=](int64_t i) __attribute__((always_inline)) {
            return scale * F::slope(a[i], y[i], parameter);
          });
        store_target_grad<T>(n, at, m, [=](int64_t i) __attribute__((always_inline)) {
          return scale * F::target_slope(a[i], y[i], parameter);
        });
      }
    });
  }
};

}  // namespace fastnn::FASTNN_ISA
