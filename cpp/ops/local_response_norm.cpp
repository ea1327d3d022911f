// Local response normalisation of x (..., C) across `size` neighbouring channels:
//   y_c = x_c s_c^-beta,  s_c = k + alpha / size sum of x_j^2 over j in [c - size / 2, c + (size -
//   1) / 2]
// Backward: dx_c = dy_c s_c^-beta - 2 alpha beta / size x_c sum of dy_j x_j s_j^(-beta - 1) over
// the j whose sum has x_c.
#include "ops/channels.h"
#include "ops/pixels.h"
#include "ops/store.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kSize, kAlpha, kBeta, kK };

constexpr int64_t kPixelsGrain = 2048;  // elements of a task
constexpr int64_t kBlock = 512;         // channels at a time
constexpr int64_t kHalo = 64;           // most of a window that is summed up in registers

// s^-beta of block s[0..n): AlexNet's beta by roots.
template <class T>
inline void powers(const T* s, int64_t n, double beta, T* to) {
  if (beta == 0.75) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      const T root = simd::sqrt(s[i]);
      to[i] = T(1) / (root * simd::sqrt(root));
    }
  } else {
    const T minus = static_cast<T>(-beta);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = simd::exp(minus * simd::log(s[i]));
  }
}

// to[0..n) = sum of value(j) over channels j of [c - before, c + after] that exist, c from `first`
// on.
template <class T, class F>
inline void window_sums(int64_t C, int64_t first, int64_t n, int64_t before, int64_t after, T* to,
                        const F& value) {
  for (int64_t i = 0; i < n; ++i) to[i] = 0;
  for (int64_t o = -before; o <= after; ++o) {
    const int64_t from = first + o < 0 ? -o - first : 0;
    const int64_t end = first + n + o > C ? C - o - first : n;
#pragma omp simd
    for (int64_t i = from; i < end; ++i) to[i] += value(first + i + o);
  }
}

// A pixel's values between zeros, so that sums over windows need no edges: value(c) at begin[c].
template <class T>
struct Bordered {
  T values[kBlock + kHalo + 64];
  T* begin;
  int64_t before;

  template <class F>
  Bordered(int64_t C, int64_t size, int64_t given, const F& value)
      : begin(values + given), before(given) {
    for (int64_t i = 0; i < before; ++i) values[i] = 0;
    T* const to = begin;
#pragma omp simd
    for (int64_t i = 0; i < C; ++i) to[i] = value(i);
    for (int64_t i = C; i < C + size + kLanes<T>; ++i) begin[i] = 0;
  }

  // to[c] = values from c - before on, `size` of them; `to` has room for whole vectors.
  void sum(int64_t C, int64_t size, T* to) const {
    using V = typename Wide<T>::V;
    for (int64_t c = 0; c < C; c += kLanes<T>) {
      V all{};
      for (int64_t o = 0; o < size; ++o) all += get<V>(values + c + o);
      put(to + c, all);
    }
  }
};

struct LocalResponseNorm {
  static constexpr const char* attrs = "size:int alpha:real=1e-4 beta:real=0.75 k:real=1";

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (x.shape.rank < 2)
      fail(n.where, "x must have a batch axis and channels, (N, C, ...), got shape %s",
           text_of(x.shape).text);
    if (n.attr[kSize].ints[0] < 1)
      fail(n.where, "size must be an integer >= 1, got %lld",
           static_cast<long long>(n.attr[kSize].ints[0]));
    if (!(n.attr[kAlpha].real >= 0))
      fail(n.where, "alpha must be >= 0, got %g", n.attr[kAlpha].real);
    if (!(n.attr[kBeta].real >= 0)) fail(n.where, "beta must be >= 0, got %g", n.attr[kBeta].real);
    if (!(n.attr[kK].real > 0)) fail(n.where, "k must be > 0, got %g", n.attr[kK].real);
    n.out[0].shape = x.shape;
    n.out[0].dtype = x.dtype;
    n.n_saved = 1;
    n.saved[0].shape = x.shape;
    n.saved[0].dtype = x.dtype;
    n.reads_in = 1u;
    n.reads_out = 0u;
    n.flops = (10.0 + 2.0 * window_of(n, x.shape[x.shape.rank - 1])) * elements(x.shape);
  }

  // How far sums run: no channel is further from another than this.
  static int64_t window_of(const Node& n, int64_t C) {
    const int64_t size = n.attr[kSize].ints[0];
    return size < 2 * C ? size : 2 * C;
  }

  // f(first element of a pixel, its first channel, channels) on blocks of channels of all pixels.
  template <class F>
  static void each_block(const Node& n, double cost, const F& f) {
    const Shape& x = n.in[0].shape;
    const int64_t C = x[x.rank - 1], pixels = elements(x, 0, x.rank - 1);
    if (C == 0) return;
    const double size = static_cast<double>(window_of(n, C));
    parallel_chunks(pixels, kPixelsGrain / C + 1,
                    static_cast<double>(pixels * C) * (cost + 0.1 * size),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i)
                        for (int64_t c = 0; c < C; c += kBlock)
                          f(i * C, c, C - c < kBlock ? C - c : kBlock);
                    });
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t C = n.in[0].shape[n.in[0].shape.rank - 1], size = window_of(n, C);
    const double beta = n.attr[kBeta].real;
    const T share =
        static_cast<T>(n.attr[kAlpha].real / static_cast<double>(n.attr[kSize].ints[0]));
    const T k = static_cast<T>(n.attr[kK].real);
    each_block(n, 0.8, [&](int64_t at, int64_t c, int64_t count) {
      const T* x = data<T>(n.in[0]) + at;
      T *s = out_data<T>(n.saved[0]) + at + c, *y = out_data<T>(n.out[0]) + at + c;
      T sums[kBlock], power[kBlock];
      if (C <= kBlock && size <= kHalo)
        Bordered<T>(C, size, size / 2, [=](int64_t j) { return x[j] * x[j]; }).sum(C, size, sums);
      else
        window_sums(C, c, count, size / 2, (size - 1) / 2, sums,
                    [=](int64_t j) { return x[j] * x[j]; });
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) s[i] = sums[i] = k + share * sums[i];
      powers(sums, count, beta, power);
      const T* own = x + c;
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) y[i] = own[i] * power[i];
    });
  }

  // Sums of terms of a block's channels and of those around it, a block at a time.
  template <class T>
  static void term_sums(int64_t C, int64_t c, int64_t count, int64_t before, int64_t after,
                        double beta, const T* x, const T* dy, const T* s, T* sums) {
    T terms[kBlock], power[kBlock];
    for (int64_t i = 0; i < count; ++i) sums[i] = 0;
    const int64_t low = c - before < 0 ? 0 : c - before;
    const int64_t high = c + count + after > C ? C : c + count + after;
    for (int64_t first = low; first < high; first += kBlock) {
      const int64_t m = high - first < kBlock ? high - first : kBlock;
      powers(s + first, m, beta, power);
#pragma omp simd
      for (int64_t i = 0; i < m; ++i)
        terms[i] = dy[first + i] * x[first + i] * power[i] / s[first + i];
      for (int64_t o = -before; o <= after; ++o) {  // channel c + i takes term c + i + o
        int64_t from = first - o - c, end = first + m - o - c;
        if (from < 0) from = 0;
        if (end > count) end = count;
        const T* shifted = terms + (c + o - first);
#pragma omp simd
        for (int64_t i = from; i < end; ++i) sums[i] += shifted[i];
      }
    }
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    const int64_t C = n.in[0].shape[n.in[0].shape.rank - 1], size = window_of(n, C);
    const double alpha = n.attr[kAlpha].real, beta = n.attr[kBeta].real;
    const T by = static_cast<T>(2 * alpha * beta / static_cast<double>(n.attr[kSize].ints[0]));
    const bool accumulate = n.in[0].accumulate;
    const int64_t before = (size - 1) / 2, after = size / 2;  // the other way round
    each_block(n, 1.6, [&](int64_t at, int64_t c, int64_t count) {
      const T *x = data<T>(n.in[0]) + at, *dy = grad<T>(n.out[0]) + at;
      const T* s = data<T>(n.saved[0]) + at;
      T power[kBlock], sums[kBlock];
      if (C <= kBlock && size <= kHalo) {
        powers(s, C, beta, power);
        const T* p = power;
        Bordered<T>(C, size, before, [=](int64_t j) {
          return dy[j] * x[j] * p[j] / s[j];
        }).sum(C, size, sums);
      } else {
        term_sums(C, c, count, before, after, beta, x, dy, s, sums);
        powers(s + c, count, beta, power);
      }
      const T *own = x + c, *own_dy = dy + c, *p = power, *sum = sums;
      store_grad(grad<T>(n.in[0]) + at + c, count, accumulate,
                 [=](int64_t i) { return own_dy[i] * p[i] - by * own[i] * sum[i]; });
    });
  }
};

}  // namespace
extern const Op local_response_norm;
const Op local_response_norm = op_of<LocalResponseNorm>("local_response_norm");
}  // namespace fastnn::FASTNN_ISA
