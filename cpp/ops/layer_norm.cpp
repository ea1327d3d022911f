// Layer normalisation over the last axes, those of weight and bias: D numbers a row,
//   y = (x - mean) inverse weight + bias,  inverse = 1 / sqrt(var + eps),  var biased
// Backward, with h = (x - mean) inverse and g = dy weight:
//   dx = inverse (g - mean of g - h mean of g h),  dweight = sum of dy h,  dbias = sum of dy
#include "ops/reduce.h"
#include "ops/store.h"
#include "simd/reduce.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kX, kWeight, kBias };

constexpr int64_t kRowsGrain = 8192;  // elements of a task

struct Sizes {
  int64_t rows, D;
};

Sizes sizes_of(const Node& n) {
  const int first = n.in[kX].shape.rank - n.in[kWeight].shape.rank;
  return {elements(n.in[kX].shape, 0, first), elements(n.in[kWeight].shape)};
}

Reduction over_rows(const Sizes& z) {
  const bool kept[] = {false, true};
  return reduction_of(Shape{2, {z.rows, z.D}}, kept);
}

// dy h, the terms of dweight.
template <class T>
struct Products {
  const T *x, *dy, *mean, *inverse;
  int64_t D;
  const T* segment(int64_t at, int64_t n, T* buffer) const {
    for (int64_t done = 0; done < n;) {
      const int64_t row = (at + done) / D, left = (row + 1) * D - (at + done);
      const int64_t count = left < n - done ? left : n - done;
      const T m = mean[row], r = inverse[row];
      const T *from = x + at + done, *g = dy + at + done;
      T* to = buffer + done;
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) to[i] = g[i] * ((from[i] - m) * r);
      done += count;
    }
    return buffer;
  }
};

struct LayerNorm {
  static constexpr const char* attrs = "eps:real=1e-5";

  static void infer(Node& n) {
    const Arg& x = n.in[kX];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const Shape &shape = x.shape, &w = n.in[kWeight].shape;
    bool fits = w.rank >= 1 && w.rank <= shape.rank;
    for (int i = 0; fits && i < w.rank; ++i)
      fits = w[i] == shape[shape.rank - w.rank + i] && w[i] != kBatch;
    if (!fits)
      fail(n.where, "weight must have the shape of the last axes of x, %s, got %s",
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
    n.scratch_bytes = reduce_scratch(over_rows(sizes_of(n)));
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
      const double sum = simd::sum(z.D, [=](int64_t i) { return static_cast<double>(x[i]); }) / D;
      const double square = simd::sum(z.D, [=](int64_t i) {
        const double d = static_cast<double>(x[i]) - sum;
        return d * d;
      });
      const T mean = static_cast<T>(sum);
      const T inverse = static_cast<T>(1 / __builtin_sqrt(square / D + eps));
      all_mean[row] = mean;
      all_inverse[row] = inverse;
#pragma omp simd
      for (int64_t i = 0; i < z.D; ++i) y[i] = (x[i] - mean) * inverse * w[i] + b[i];
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const Sizes z = sizes_of(n);
    const T *all_x = data<T>(n.in[kX]), *all_dy = grad<T>(n.out[0]), *w = data<T>(n.in[kWeight]);
    const T *all_mean = data<T>(n.saved[0]), *all_inverse = data<T>(n.saved[1]);
    const double whole = static_cast<double>(z.rows * z.D);
    if (T* dw = grad<T>(n.in[kWeight])) {
      const Products<T> terms{all_x, all_dy, all_mean, all_inverse, z.D};
      reduce(Reducer::kSum, over_rows(z), computed<T>(terms), n.scratch, 0.3 * whole,
             store_sum(dw, n.in[kWeight].accumulate));
    }
    if (T* db = grad<T>(n.in[kBias]))
      reduce(Reducer::kSum, over_rows(z), stored(all_dy), n.scratch, 0.15 * whole,
             store_sum(db, n.in[kBias].accumulate));
    T* all_dx = grad<T>(n.in[kX]);
    if (!all_dx) return;
    const bool accumulate = n.in[kX].accumulate;
    each_row(z, 0.6, [&](int64_t row) {
      const T *x = all_x + row * z.D, *dy = all_dy + row * z.D;
      const T mean = all_mean[row], inverse = all_inverse[row];
      const double D = static_cast<double>(z.D);
      const double s = simd::sum(z.D, [=](int64_t i) { return static_cast<double>(dy[i] * w[i]); });
      const double q = simd::sum(
          z.D, [=](int64_t i) { return static_cast<double>(dy[i] * w[i] * (x[i] - mean)); });
      const T less = static_cast<T>(s / D);
      const T by =
          static_cast<T>(q * static_cast<double>(inverse) * static_cast<double>(inverse) / D);
      store_grad(all_dx + row * z.D, z.D, accumulate,
                 [=](int64_t i) { return inverse * (dy[i] * w[i] - less - (x[i] - mean) * by); });
    });
  }
};

}  // namespace
extern const Op layer_norm;
const Op layer_norm = op_of<LayerNorm>("layer_norm");
}  // namespace fastnn::FASTNN_ISA
