// Mean of each window:  y[n, i, j, c] = sum over taps of x[n, i s + k, j s + l, c] / count
// Backward: each pixel takes dy / count from the windows it is in. The count is that of the taps in
// the image and, with count_include_pad, in the border; or divisor_override.
#include "ops/pool_backward.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kCountPad = kPoolOwn, kDivisor };

// 1 / count of a window; most windows have all of their taps.
struct Shares {
  Pool p;
  bool count_pad;
  int64_t divisor;
  double whole;

  explicit Shares(const Node& n)
      : p(pool_of(n, -1)),
        count_pad(n.attr[kCountPad].ints[0] != 0),
        divisor(n.attr[kDivisor].ints[0]),
        whole(1 / static_cast<double>(divisor ? divisor : p.h.kernel * p.w.kernel)) {}

  int64_t count(const PoolAxis& a, int64_t o) const {
    if (!count_pad) return a.span(o).count;
    const int64_t room = a.length + a.pad - a.begin(o);
    return room < a.kernel ? room : a.kernel;
  }
  double operator()(int64_t oh, int64_t ow) const {
    if (divisor) return whole;
    const int64_t taps = count(p.h, oh) * count(p.w, ow);
    return taps == p.h.kernel * p.w.kernel ? whole : 1 / static_cast<double>(taps);
  }
};

struct AvgPool2d {
  static constexpr const char* attrs =
      FASTNN_POOL_ATTRS "count_include_pad:int=1 divisor_override:int=0";

  static void infer(Node& n) {
    if (n.attr[kDivisor].ints[0] < 0)
      fail(n.where, "divisor_override must be an integer >= 1, or 0 for none, got %lld",
           static_cast<long long>(n.attr[kDivisor].ints[0]));
    infer_pool(n, -1);
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  // Windows of kH x kW, 0: of any size.
  template <class T, int kH, int kW>
  static inline void mean_of(const Pool& p, const Span& h, const Span& w, T scale, const T* x, T* y,
                             bool roomy) {
    const int64_t row_step = p.w.length * p.C, step = p.C;
    const int64_t height = kH ? kH : h.count, width = kW ? kW : w.count;
    each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
      using V = typename decltype(lanes)::V;
      V sum{};
#pragma GCC unroll 3
      for (int64_t i = 0; i < height; ++i) {  // row by row: sums of sums round less
        V in_row{};
#pragma GCC unroll 3
        for (int64_t j = 0; j < width; ++j) in_row += get<V>(x + i * row_step + j * step + c);
        sum += in_row;
      }
      put(y + c, sum * scale);
    });
  }

  template <class T>
  static void forward(const Node& n) {
    const Shares share(n);
    const Pool& p = share.p;
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    each_output_row(p, 0.05, [=](int64_t begin, int64_t end) {
      each_window<Wide<T>::kLanes>(
          p, begin, end, [=](const Window& v, const Span& h, const Span& w, bool roomy) {
            const T scale = static_cast<T>(share(v.oh, v.ow));
            with_size(p, h, w, [&]<int kH, int kW>() {
              mean_of<T, kH, kW>(p, h, w, scale, x + v.from, y + v.to, roomy);
            });
          });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    const Shares share(n);
    const T* dy = grad<T>(n.out[0]);
    scatter_windows(share.p, 0.06, grad<T>(n.in[0]), n.in[0].accumulate,
                    [=](auto lanes, int64_t at, int64_t oh, int64_t ow, const auto& keep, int64_t) {
                      using V = typename decltype(lanes)::V;
                      const V g = keep(get<V>(dy + at)) * static_cast<T>(share(oh, ow));
                      return [=](int, int64_t) { return g; };
                    });
  }
};

}  // namespace
extern const Op avg_pool2d;
const Op avg_pool2d = op_of<AvgPool2d>("avg_pool2d");
}  // namespace fastnn::FASTNN_ISA
