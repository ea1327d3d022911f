// Logarithm of softmax over an axis:  y_i = x_i - max x - log sum_j exp(x_j - max x)
// Backward:                           dx_i = dy_i - exp(y_i) sum_j dy_j
#include "ops/softmax.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct LogSoftmax {
  static constexpr const char* attrs = "axis:int=-1";
  [[gnu::cold]] static void infer(Node& n) { infer_softmax(n); }

  template <class T>
  static void forward(const Node& n) {
    const AxisSizes s = axis_sizes(n);
    if (s.n == 0) return;
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    if (s.inner == 1)
      each_group(s, 0.9, [=](int64_t begin, int64_t end) { forward_rows(x, y, s.n, begin, end); });
    else
      each_block(s, 0.9, [=](int64_t first, int64_t columns) {
        forward_columns(x + first, y + first, s, columns);
      });
  }

  template <class T>
  static void backward(const Node& n) {
    const AxisSizes s = axis_sizes(n);
    const T* y = data<T>(n.out[0]);
    const T* dy = grad<T>(n.out[0]);
    T* dx = grad<T>(n.in[0]);
    const bool accumulate = n.in[0].accumulate;
    if (s.inner == 1)
      each_group(s, 0.9, [=](int64_t begin, int64_t end) {
        backward_rows(y, dy, dx, s.n, begin, end, accumulate);
      });
    else
      each_block(s, 0.9, [=](int64_t first, int64_t columns) {
        backward_columns(y + first, dy + first, dx + first, s, columns, accumulate);
      });
  }

 private:
  // e = exp(y) over a group of short rows in one loop (each row alone would leave most of its
  // exponentials to the scalar tail).
  template <class T>
  static void flat_exp(const T* y, int64_t count, T* e) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) e[i] = simd::exp_of_negative(y[i]);
  }

  template <class T>
  static double exp_sum(const T* y, int64_t n, T* e) {
    double sum = 0;
    for (int64_t at = 0; at < n; at += kTile) {
      const int64_t part = n - at < kTile ? n - at : kTile;
      flat_exp(y + at, part, e);
      sum += simd::sum(part, [=](int64_t i) { return static_cast<double>(e[i]); });
    }
    return sum;
  }

  template <class T>
  static void forward_rows(const T* x, T* y, int64_t n, int64_t begin, int64_t end) {
    T e[2 * kTile];
    double sum[kTile + 1];
    for (int64_t r = begin; r < end; ++r) {
      const T* from = x + r * n;
      T* to = y + r * n;
      const T most = simd::largest(from, n);
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) to[i] = from[i] - most;
    }
    if (n <= kTile) {
      flat_exp(y + begin * n, (end - begin) * n, e);
      for (int64_t r = begin; r < end; ++r) {
        const T* row = e + (r - begin) * n;
        sum[r - begin] = simd::sum(n, [=](int64_t i) { return static_cast<double>(row[i]); });
      }
    } else {
      for (int64_t r = begin; r < end; ++r) sum[r - begin] = exp_sum(y + r * n, n, e);
    }
#pragma omp simd
    for (int64_t r = 0; r < end - begin; ++r) sum[r] = simd::log(sum[r]);
    for (int64_t r = begin; r < end; ++r) {
      T* to = y + r * n;
      const T log_sum = static_cast<T>(sum[r - begin]);
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) to[i] -= log_sum;
    }
  }

  template <class T>
  static void forward_columns(const T* x, T* y, const AxisSizes& s, int64_t columns) {
    T most[kColumns], sum[kColumns];
    column_largest(x, s, columns, most);
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] = T(0);
    for (int64_t k = 0; k < s.n; ++k)
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j)
        sum[j] += simd::exp_of_negative(x[k * s.inner + j] - most[j]);
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] = simd::log(sum[j]);
    for (int64_t k = 0; k < s.n; ++k)
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j)
        y[k * s.inner + j] = x[k * s.inner + j] - most[j] - sum[j];
  }

  template <class T>
  static void backward_rows(const T* all_y, const T* all_dy, T* dx, int64_t n, int64_t begin,
                            int64_t end, bool accumulate) {
    T group[2 * kTile];
    if (n <= kTile) flat_exp(all_y + begin * n, (end - begin) * n, group);
    for (int64_t r = begin; r < end; ++r) {
      const T *y = all_y + r * n, *dy = all_dy + r * n, *e = group + (r - begin) * n;
      const T total =
          static_cast<T>(simd::sum(n, [=](int64_t i) { return static_cast<double>(dy[i]); }));
      if (n <= kTile)
        store_grad(dx + r * n, n, accumulate,
                   [=](int64_t i) { return simd::fma(-e[i], total, dy[i]); });
      else
        store_grad(dx + r * n, n, accumulate, [=](int64_t i) {
          return simd::fma(-simd::exp_of_negative(y[i]), total, dy[i]);
        });
    }
  }

  template <class T>
  static void backward_columns(const T* y, const T* dy, T* dx, const AxisSizes& s, int64_t columns,
                               bool accumulate) {
    T sum[kColumns];
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] = T(0);
    for (int64_t k = 0; k < s.n; ++k)
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) sum[j] += dy[k * s.inner + j];
    const T* total = sum;
    for (int64_t k = 0; k < s.n; ++k) {
      const T *yk = y + k * s.inner, *dyk = dy + k * s.inner;
      store_grad(dx + k * s.inner, columns, accumulate, [=](int64_t j) {
        return simd::fma(-simd::exp_of_negative(yk[j]), total[j], dyk[j]);
      });
    }
  }
};

}  // namespace
extern const Op log_softmax;
const Op log_softmax = op_of<LogSoftmax>("log_softmax");
}  // namespace fastnn::FASTNN_ISA
