// ReLU with a learned slope:  y = x where x > 0, w_c x else;  w (1,), or (C,) along axis 1
// Backward:                   dx = dy or w_c dy,  dw_c = sum of dy x where x <= 0
#include "ops/op.h"
#include "ops/store.h"
#include "simd/reduce.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kChannels = 64;  // channels that one task sums side by side

// x as (outer, C, inner); one slope for all is C = 1.
struct Sizes {
  int64_t outer, C, inner;
};

Sizes sizes(const Node& n) {
  const Shape& x = n.in[0].shape;
  if (elements(n.in[1].shape) == 1 || x.rank < 2) return {1, 1, elements(x)};
  return {x[0], x[1], elements(x, 2)};
}

struct PRelu {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    const Arg& w = n.in[1];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (w.dtype != x.dtype)
      fail_type(n.where, "weight must be %s because x is, got %s", name_of(x.dtype),
                name_of(w.dtype));
    const bool one = w.shape.rank == 1 && w.shape[0] == 1;
    if (x.shape.rank < 2 && !one)
      fail(n.where, "weight must have shape (1,) because x has fewer than 2 axes, got %s",
           text_of(w.shape).text);
    if (!one && (w.shape.rank != 1 || w.shape[0] != x.shape[1]))
      fail(n.where, "weight must have shape (1,) or (%lld,) because x has shape %s, got %s",
           static_cast<long long>(x.shape[1]), text_of(x.shape).text, text_of(w.shape).text);
    n.out[0].shape = x.shape;
    n.out[0].dtype = x.dtype;
    n.reads_in = 3u;
    n.reads_out = 0u;
    n.flops = 2.0 * elements(x.shape);
  }

  // rows(first element, elements, first channel, whether the channel changes along the row)
  template <class Row>
  static void each_row(const Sizes& s, const Row& row) {
    const bool flat = s.inner == 1;  // (outer, C): a row holds all channels
    const int64_t length = flat ? s.C : s.inner;
    const int64_t rows = flat ? s.outer : s.outer * s.C;
    const int64_t pieces = (length + 8191) / 8192;
    const int64_t grain = 8192 / (length + 1) + 1;
    parallel_chunks(rows * pieces, grain, 0.3 * rows * length, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const int64_t r = t / pieces, at = t % pieces * 8192;
        const int64_t part = length - at < 8192 ? length - at : 8192;
        row(r * length + at, part, flat ? at : r % s.C, flat);
      }
    });
  }

  template <class T>
  static void forward(const Node& n) {
    const T* x = data<T>(n.in[0]);
    const T* w = data<T>(n.in[1]);
    T* y = out_data<T>(n.out[0]);
    each_row(sizes(n), [=](int64_t first, int64_t length, int64_t channel, bool flat) {
      const T* v = x + first;
      const T* slopes = w + channel;
      const T slope = *slopes;
      if (flat)
        store_grad(y + first, length, false,
                   [=](int64_t i) { return v[i] > T(0) ? v[i] : slopes[i] * v[i]; });
      else
        store_grad(y + first, length, false,
                   [=](int64_t i) { return v[i] > T(0) ? v[i] : slope * v[i]; });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const T* x = data<T>(n.in[0]);
    const T* w = data<T>(n.in[1]);
    const T* dy = grad<T>(n.out[0]);
    T* dx = grad<T>(n.in[0]);
    const bool accumulate = n.in[0].accumulate;
    if (n.in[1].grad) slope_gradient<T>(n);
    if (!dx) return;
    each_row(sizes(n), [=](int64_t first, int64_t length, int64_t channel, bool flat) {
      const T *v = x + first, *dv = dy + first;
      const T* slopes = w + channel;
      const T slope = *slopes;
      if (flat)
        store_grad(dx + first, length, accumulate,
                   [=](int64_t i) { return v[i] > T(0) ? dv[i] : slopes[i] * dv[i]; });
      else
        store_grad(dx + first, length, accumulate,
                   [=](int64_t i) { return v[i] > T(0) ? dv[i] : slope * dv[i]; });
    });
  }

 private:
  template <class T>
  static void slope_gradient(const Node& n) {
    const Sizes s = sizes(n);
    const T* x = data<T>(n.in[0]);
    const T* dy = grad<T>(n.out[0]);
    T* dw = grad<T>(n.in[1]);
    const bool accumulate = n.in[1].accumulate;
    const int64_t block = s.inner == 1 ? kChannels : 1;
    parallel_chunks(s.C, block, 0.3 * s.outer * s.C * s.inner, [=](int64_t begin, int64_t end) {
      double sum[kChannels] = {};
      for (int64_t r = 0; r < s.outer; ++r) {
        const T* v = x + (r * s.C + begin) * s.inner;
        const T* dv = dy + (r * s.C + begin) * s.inner;
        const auto term = [=](int64_t i) {
          return v[i] > T(0) ? 0.0 : static_cast<double>(dv[i]) * v[i];
        };
        if (s.inner == 1)
#pragma omp simd
          for (int64_t c = 0; c < end - begin; ++c) sum[c] += term(c);
        else
          sum[0] += simd::sum(s.inner, term);
      }
      for (int64_t c = begin; c < end; ++c)
        dw[c] = static_cast<T>((accumulate ? dw[c] : T(0)) + sum[c - begin]);
    });
  }
};

}  // namespace
extern const Op prelu;
const Op prelu = op_of<PRelu>("prelu");
}  // namespace fastnn::FASTNN_ISA
