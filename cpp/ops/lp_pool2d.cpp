// Power mean of each window, less its division:  y = (sum of x^p)^(1 / p), p = 2: Euclidean length
// A window that reaches over the end (ceil_mode) counts as if its taps stood for all, as in
// PyTorch. Backward: dx = dy (x / y)^(p - 1); 0 where y = 0.
#include "ops/pool_backward.h"
#include "simd/real.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int kNorm = kPoolOwn;

inline float pow_of(float a, float b) { return __builtin_powf(a, b); }
inline double pow_of(double a, double b) { return __builtin_pow(a, b); }

template <class L, class T, class F>
inline typename L::V each_lane(typename L::V v, const F& f) {
  if constexpr (L::kCount == 1) {
    return f(v);
  } else {
    for (int j = 0; j < L::kCount; ++j) v[j] = f(v[j]);
    return v;
  }
}

template <class L, class T>
inline typename L::V power_of(typename L::V v, double p) {
  if (p == 1) return v;
  if (p == 2) return v * v;
  return each_lane<L, T>(v, [=](T a) { return pow_of(a, static_cast<T>(p)); });
}

template <class L, class T>
inline typename L::V root_of(typename L::V v, double p) {
  if (p == 1) return v;
  if (p == 2) return each_lane<L, T>(v, [](T a) { return simd::sqrt(a); });
  return each_lane<L, T>(v, [=](T a) { return pow_of(a, static_cast<T>(1 / p)); });
}

struct LpPool2d {
  static constexpr const char* attrs = FASTNN_POOL_ATTRS "norm_type:real=2";

  [[gnu::cold]] static void infer(Node& n) {
    const double p = n.attr[kNorm].real;
    if (!(p > 0)) fail(n.where, "norm_type must be > 0, got %g", p);
    infer_pool(n, -1);
    if (n.attr[kPoolPadding].count && (n.attr[kPoolPadding].ints[0] || pool_of(n, -1).w.pad))
      fail(n.where, "padding must be 0, got %lld",
           static_cast<long long>(n.attr[kPoolPadding].ints[0]));
    n.reads_in = 1u;
    n.reads_out = 1u;
  }

  // The whole window's taps by those it has.
  static double weight(const Pool& p, const Span& h, const Span& w) {
    return static_cast<double>(p.h.kernel * p.w.kernel) / static_cast<double>(h.count * w.count);
  }

  template <class T>
  static void forward(const Node& n) {
    const Pool p = pool_of(n, -1);
    const double norm = n.attr[kNorm].real;
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    const int64_t row_step = p.w.length * p.C;
    each_output_row(p, norm == 2 ? 0.1 : 10, [=](int64_t begin, int64_t end) {
      each_window<kLanes<T>>(
          p, begin, end, [=](const Windows& v, const Span& h, const Span& w, bool roomy) {
            const T scale = static_cast<T>(weight(p, h, w));
            for (int64_t k = 0; k < v.count; ++k)
              each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
                using L = decltype(lanes);
                using V = typename L::V;
                const T* from = x + v.from + k * v.next + c;
                V sum{};
                for (int64_t i = 0; i < h.count; ++i)
                  for (int64_t j = 0; j < w.count; ++j)
                    sum += power_of<L, T>(get<V>(from + i * row_step + j * p.C), norm);
                put(y + v.to + k * p.C + c, root_of<L, T>(sum * scale, norm));
              });
          });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    const Pool p = pool_of(n, -1);
    const double norm = n.attr[kNorm].real;
    const T *x = data<T>(n.in[0]), *y = data<T>(n.out[0]), *dy = grad<T>(n.out[0]);
    const auto gradient = [=](int64_t oh, int64_t ow) {
      const T scale = static_cast<T>(weight(p, p.h.span(oh), p.w.span(ow)));
      return [=](auto lanes, int64_t at, const auto& keep, int64_t from) {
        using L = decltype(lanes);
        using V = typename L::V;
        const V r = get<V>(y + at);
        const V g = get<V>(dy + at) * scale / power_of<L, T>(r, norm - 1);
        const V by = r == V{} ? V{} : g;
        return [=](int, int64_t offset) {
          return keep(by * power_of<L, T>(get<V>(x + from + offset), norm - 1));
        };
      };
    };
    scatter_windows<false>(p, norm == 2 ? 0.1 : 20, grad<T>(n.in[0]), n.in[0].accumulate, gradient);
  }
};

}  // namespace
extern const Op lp_pool2d;
const Op lp_pool2d = op_of<LpPool2d>("lp_pool2d");
}  // namespace fastnn::FASTNN_ISA
