// Softmax over an axis:  y_i = exp(x_i - max x) / sum_j exp(x_j - max x)
// Backward:              dx_i = y_i (dy_i - sum_j y_j dy_j)
#include "ops/softmax.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Softmax {
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
      each_group(s, 0.4, [=](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) backward_row(y, dy, dx, r * s.n, s.n, accumulate);
      });
    else
      each_block(s, 0.4, [=](int64_t first, int64_t columns) {
        backward_columns(y + first, dy + first, dx + first, s, columns, accumulate);
      });
  }

 private:
  template <class T>
  static void forward_rows(const T* x, T* y, int64_t n, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* from = x + r * n;
      T* to = y + r * n;
      const T most = simd::largest(from, n);
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) to[i] = from[i] - most;
    }
    // One loop over the rows of the group: short ones would leave most of it to the scalar tail.
#pragma omp simd
    for (int64_t i = begin * n; i < end * n; ++i) y[i] = simd::exp_of_negative(y[i]);
    for (int64_t r = begin; r < end; ++r) {
      T* to = y + r * n;
      const T scale =
          static_cast<T>(1 / simd::sum(n, [=](int64_t i) { return static_cast<double>(to[i]); }));
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) to[i] *= scale;
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
      for (int64_t j = 0; j < columns; ++j) {
        const T e = simd::exp_of_negative(x[k * s.inner + j] - most[j]);
        y[k * s.inner + j] = e;
        sum[j] += e;
      }
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] = T(1) / sum[j];
    for (int64_t k = 0; k < s.n; ++k)
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) y[k * s.inner + j] *= sum[j];
  }

  template <class T>
  static void backward_row(const T* all_y, const T* all_dy, T* dx, int64_t at, int64_t n,
                           bool accumulate) {
    const T *y = all_y + at, *dy = all_dy + at;
    const T inner =
        static_cast<T>(simd::sum(n, [=](int64_t i) { return static_cast<double>(y[i]) * dy[i]; }));
    store_grad(dx + at, n, accumulate, [=](int64_t i) { return y[i] * (dy[i] - inner); });
  }

  template <class T>
  static void backward_columns(const T* y, const T* dy, T* dx, const AxisSizes& s, int64_t columns,
                               bool accumulate) {
    T sum[kColumns];
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) sum[j] = T(0);
    for (int64_t k = 0; k < s.n; ++k)
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j)
        sum[j] = simd::fma(y[k * s.inner + j], dy[k * s.inner + j], sum[j]);
    const T* inner = sum;
    for (int64_t k = 0; k < s.n; ++k) {
      const T *yk = y + k * s.inner, *dyk = dy + k * s.inner;
      store_grad(dx + k * s.inner, columns, accumulate,
                 [=](int64_t j) { return yk[j] * (dyk[j] - inner[j]); });
    }
  }
};

}  // namespace
extern const Op softmax;
const Op softmax = op_of<Softmax>("softmax");
}  // namespace fastnn::FASTNN_ISA
