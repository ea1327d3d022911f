// Layer normalisation over the last axes, those of weight and bias: D numbers a row,
//   y = (x - mean) inverse weight + bias,  inverse = 1 / sqrt(var + eps),  var biased
// Backward, with h = (x - mean) inverse and g = dy weight:
//   dx = inverse (g - mean of g - h mean of g h),  dweight = sum of dy h,  dbias = sum of dy
#include "ops/columns.h"
#include "ops/store.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kX, kWeight, kBias };

constexpr int64_t kRowsGrain = 8192;  // elements of a task
constexpr int64_t kMostTasks = 64;    // of the backward pass: each keeps sums of its own
constexpr int64_t kRowsInT = 32;      // rows summed up in T before they are added in double
constexpr int64_t kStretch = 2048;    // elements of a row likewise

struct Sizes {
  int64_t rows, D;
};

Sizes sizes_of(const Node& n) {
  const int first = n.in[kX].shape.rank - n.in[kWeight].shape.rank;
  return {elements(n.in[kX].shape, 0, first), elements(n.in[kWeight].shape)};
}

// A task's rows share sums for dweight and dbias: in T over a few rows, then in double.
struct Tasks {
  int64_t rows, count;
};

Tasks tasks_of(const Sizes& z) {
  if (z.rows == 0 || z.D == 0) return {1, 0};
  const int64_t share = (z.rows + kMostTasks - 1) / kMostTasks, least = kRowsGrain / z.D + 1;
  const int64_t rows = share > least ? share : least;
  return {rows, (z.rows + rows - 1) / rows};
}

// Doubles of dweight and dbias, then those of T.
int64_t task_bytes(const Sizes& z, int64_t size) {
  return (2 * z.D * (static_cast<int64_t>(sizeof(double)) + size) + 63) / 64 * 64;
}

// Sums over a row of what term(i, s, q) adds to s and q, in vectors; short stretches of it in T.
template <class T, class Term>
inline void row_sums(int64_t D, const Term& term, double& s, double& q) {
  using V = typename Wide<T>::V;
  s = q = 0;
  int64_t i = 0;
  while (i + kLanes<T> <= D) {
    const int64_t end = D - i < kStretch ? D : i + kStretch;
    V s0{}, s1{}, q0{}, q1{};
    for (; i + 2 * kLanes<T> <= end; i += 2 * kLanes<T>) {
      term(i, s0, q0);
      term(i + kLanes<T>, s1, q1);
    }
    for (; i + kLanes<T> <= end; i += kLanes<T>) term(i, s0, q0);
    const V s_all = s0 + s1, q_all = q0 + q1;
    for (int j = 0; j < kLanes<T>; ++j) {
      s += static_cast<double>(s_all[j]);
      q += static_cast<double>(q_all[j]);
    }
  }
  T s_left = 0, q_left = 0;
  for (; i < D; ++i) term(i, s_left, q_left);
  s += static_cast<double>(s_left);
  q += static_cast<double>(q_left);
}

struct LayerNorm {
  static constexpr const char* attrs = "eps:real=1e-5";
  static constexpr Operands kOperands{3, 3};

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[kX];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const Shape &shape = x.shape, &w = n.in[kWeight].shape;
    bool fits = w.rank >= 1 && w.rank <= shape.rank;
    for (int i = 0; fits && i < w.rank; ++i)
      fits = w[i] == shape[shape.rank - w.rank + i] && w[i] != kBatch;
    if (!fits)
      fail(n.where, "weight must have the shape of the last axes of x, which has shape %s, got %s",
           text_of(shape).text, text_of(w).text);
    if (!(n.in[kBias].shape == w))
      fail(n.where, "bias must have the shape of weight, %s, got %s", text_of(w).text,
           text_of(n.in[kBias].shape).text);
    for (int i = 1; i < 3; ++i)
      if (n.in[i].dtype != x.dtype)
        fail_type(n.where, "%s must be %s because x is, got %s", i == 1 ? "weight" : "bias",
                  name_of(x.dtype), name_of(n.in[i].dtype));
    if (!(n.attr[0].real > 0)) fail(n.where, "eps must be > 0, got %g", n.attr[0].real);
    n.out[0].shape = shape;
    n.out[0].dtype = x.dtype;
    n.n_saved = 2;
    for (int i = 0; i < 2; ++i) {
      n.saved[i].shape = shape;
      n.saved[i].shape.rank = shape.rank - w.rank;
      n.saved[i].dtype = x.dtype;
    }
    n.reads_in = 1u << kX | 1u << kWeight;
    n.reads_out = 0u;
    n.flops = 8.0 * elements(shape);
    const Sizes z = sizes_of(n);
    n.scratch_bytes = tasks_of(z).count * task_bytes(z, size_of(x.dtype));
  }

  template <class F>
  static void each_row(const Sizes& z, double cost, const F& f) {
    if (z.D == 0) return;
    parallel_chunks(z.rows, kRowsGrain / z.D + 1, cost * static_cast<double>(z.rows * z.D),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t row = begin; row < end; ++row) f(row);
                    });
  }

  template <class T>
  static void forward(const Node& n) {
    const Sizes z = sizes_of(n);
    const double eps = n.attr[0].real, D = static_cast<double>(z.D);
    T *all_mean = out_data<T>(n.saved[0]), *all_inverse = out_data<T>(n.saved[1]);
    each_row(z, 0.5, [&](int64_t row) {
      const T *x = data<T>(n.in[kX]) + row * z.D, *w = data<T>(n.in[kWeight]);
      const T* b = data<T>(n.in[kBias]);
      T* y = out_data<T>(n.out[0]) + row * z.D;
      const T guess = x[0];  // digits are kept where the mean is far from 0
      double off = 0, square = 0;
      row_sums<T>(
          z.D,
          [=](int64_t i, auto& s, auto& q) {
            using V = typename ValueOf<decltype(s)>::type;
            const V d = get<V>(x + i) - guess;
            s += d;
            q += d * d;
          },
          off, square);
      off /= D;
      const double rest = square / D - off * off, var = rest < 0 ? 0 : rest;  // NaN stays
      const T mean = static_cast<T>(static_cast<double>(guess) + off);
      const T inverse = static_cast<T>(1 / __builtin_sqrt(var + eps));
      all_mean[row] = mean;
      all_inverse[row] = inverse;
#pragma omp simd
      for (int64_t i = 0; i < z.D; ++i) y[i] = (x[i] - mean) * inverse * w[i] + b[i];
    });
  }

  // One row of dx, where asked for, and its part of dweight and dbias.
  template <class T>
  static void row_backward(const Node& n, const Sizes& z, int64_t row, T* dw, T* db) {
    const T *x = data<T>(n.in[kX]) + row * z.D, *dy = grad<T>(n.out[0]) + row * z.D;
    const T* w = data<T>(n.in[kWeight]);
    const T mean = data<T>(n.saved[0])[row], inverse = data<T>(n.saved[1])[row];
    if (n.in[kWeight].grad || n.in[kBias].grad) {
#pragma omp simd
      for (int64_t i = 0; i < z.D; ++i) {
        dw[i] += dy[i] * ((x[i] - mean) * inverse);
        db[i] += dy[i];
      }
    }
    if (!n.in[kX].grad) return;
    double s = 0, q = 0;
    row_sums<T>(
        z.D,
        [=](int64_t i, auto& sum, auto& other) {
          using V = typename ValueOf<decltype(sum)>::type;
          const V g = get<V>(dy + i) * get<V>(w + i);
          sum += g;
          other += g * (get<V>(x + i) - mean);
        },
        s, q);
    const double r = static_cast<double>(inverse), D = static_cast<double>(z.D);
    const T less = static_cast<T>(s / D), by = static_cast<T>(q * r * r / D);
    store_grad(grad<T>(n.in[kX]) + row * z.D, z.D, n.in[kX].accumulate,
               [=](int64_t i) { return inverse * (dy[i] * w[i] - less - (x[i] - mean) * by); });
  }

  template <class T>
  static void backward(const Node& n) {
    const Sizes z = sizes_of(n);
    const Tasks tasks = tasks_of(z);
    const int64_t bytes = task_bytes(z, sizeof(T));
    const auto sums_of = [&](int64_t task) {
      return reinterpret_cast<double*>(static_cast<char*>(n.scratch) + task * bytes);
    };
    parallel(tasks.count, 1.2 * static_cast<double>(z.rows * z.D), [&](int64_t task) {
      double* sums = sums_of(task);
      T* part = reinterpret_cast<T*>(sums + 2 * z.D);
      for (int64_t i = 0; i < 2 * z.D; ++i) sums[i] = 0;
      const int64_t begin = task * tasks.rows;
      const int64_t end = begin + tasks.rows < z.rows ? begin + tasks.rows : z.rows;
      for (int64_t first = begin; first < end; first += kRowsInT) {
        for (int64_t i = 0; i < 2 * z.D; ++i) part[i] = 0;
        const int64_t last = end - first < kRowsInT ? end : first + kRowsInT;
        for (int64_t row = first; row < last; ++row) row_backward(n, z, row, part, part + z.D);
#pragma omp simd
        for (int64_t i = 0; i < 2 * z.D; ++i) sums[i] += static_cast<double>(part[i]);
      }
    });
    double* total = sums_of(0);
    for (int64_t task = 1; task < tasks.count; ++task) {
      const double* more = sums_of(task);
#pragma omp simd
      for (int64_t i = 0; i < 2 * z.D; ++i) total[i] += more[i];
    }
    for (int k = 0; k < 2; ++k) {
      T* to = grad<T>(n.in[k ? kBias : kWeight]);
      if (!to) continue;
      const double* sums = total + k * z.D;
      const bool accumulate = n.in[k ? kBias : kWeight].accumulate;
      if (tasks.count > 0)
        store_grad(to, z.D, accumulate, [=](int64_t i) { return static_cast<T>(sums[i]); });
      else
        store_grad(to, z.D, accumulate, [](int64_t) { return T(0); });
    }
  }
};

}  // namespace
extern const Op layer_norm;
const Op layer_norm = op_of<LayerNorm>("layer_norm");
}  // namespace fastnn::FASTNN_ISA
