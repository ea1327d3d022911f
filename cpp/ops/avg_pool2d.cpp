// Mean of each window:  y[n, i, j, c] = sum over taps of x[n, i s + k, j s + l, c] / count
// Backward: each pixel takes dy / count from the windows it is in. The count is that of the taps in
// the image and, with count_include_pad, in the border; or divisor_override.
#include "ops/pool_backward.h"
#include "ops/pool_even.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kCountPad = kPoolOwn, kDivisor };

constexpr int64_t kFarApart = 512;  // channels from which on whole pixels are passed

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
  static bool is_inside(const PoolAxis& a, int64_t o) {
    return a.begin(o) >= 0 && a.begin(o) + a.kernel <= a.length;
  }
  double operator()(int64_t oh, int64_t ow) const {
    if (divisor || (is_inside(p.h, oh) && is_inside(p.w, ow))) return whole;
    const int64_t taps = count(p.h, oh) * count(p.w, ow);
    return taps == p.h.kernel * p.w.kernel ? whole : 1 / static_cast<double>(taps);
  }
};

struct AvgPool2d {
  static constexpr const char* attrs =
      FASTNN_POOL_ATTRS "count_include_pad:int=1 divisor_override:int=0";

  [[gnu::cold]] static void infer(Node& n) {
    if (n.attr[kDivisor].ints[0] < 0)
      fail(n.where, "divisor_override must be an integer >= 1, or 0 for none, got %lld",
           static_cast<long long>(n.attr[kDivisor].ints[0]));
    infer_pool(n, -1);
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  // The same for pixels that lie far apart: each is passed once, some of its channels at a time.
  template <class T>
  static void far_mean_of(const Pool& p, const Span& h, const Span& w, T scale, const T* x, T* y) {
    constexpr int64_t kChannels = 512;
    T sum[kChannels], in_row[kChannels];
    for (int64_t c = 0; c < p.C; c += kChannels) {
      const int64_t count = p.C - c < kChannels ? p.C - c : kChannels;
      for (int64_t k = 0; k < count; ++k) sum[k] = 0;
      for (int64_t i = 0; i < h.count; ++i) {
        for (int64_t k = 0; k < count; ++k) in_row[k] = 0;
        for (int64_t j = 0; j < w.count; ++j) {
          const T* from = x + (i * p.w.length + j) * p.C + c;
#pragma omp simd
          for (int64_t k = 0; k < count; ++k) in_row[k] += from[k];
        }
#pragma omp simd
        for (int64_t k = 0; k < count; ++k) sum[k] += in_row[k];
      }
#pragma omp simd
      for (int64_t k = 0; k < count; ++k) y[c + k] = sum[k] * scale;
    }
  }

  // `count` windows of kH x kW, or one of any size where these are 0.
  template <class T, int kH, int kW>
  static inline void mean_of(const Pool& p, const Span& h, const Span& w, int64_t count, T scale,
                             const T* x, T* y, bool roomy) {
    const int64_t row_step = p.w.length * p.C, step = p.C;
    const int64_t height = kH ? kH : h.count, width = kW ? kW : w.count;
    if (kH == 0 && p.C >= kFarApart) return far_mean_of(p, h, w, scale, x, y);
    int64_t done = 0;
    if constexpr (kH == 0) {  // four vectors at once: whole cache lines of many far pixels
      using V = typename Wide<T>::V;
      for (; done + 4 * kLanes<T> <= p.C; done += 4 * kLanes<T>) {
        V a{}, b{}, c{}, d{};
        for (int64_t i = 0; i < height; ++i) {
          const T* from = x + i * row_step + done;
          V e{}, f{}, g{}, h_{};
          for (int64_t j = 0; j < width; ++j, from += step) {
            e += get<V>(from);
            f += get<V>(from + kLanes<T>);
            g += get<V>(from + 2 * kLanes<T>);
            h_ += get<V>(from + 3 * kLanes<T>);
          }
          a += e;
          b += f;
          c += g;
          d += h_;
        }
        put(y + done, a * scale);
        put(y + done + kLanes<T>, b * scale);
        put(y + done + 2 * kLanes<T>, c * scale);
        put(y + done + 3 * kLanes<T>, d * scale);
      }
      if (done == p.C) return;
    }
    // `done` is 0, or there is a whole vector before the rest.
    const bool before = done > 0 && p.C - done < kLanes<T>;
    const int64_t first = before ? p.C - kLanes<T> : done;
    each_channels<T, true>(p.C - first, true, roomy, [=](auto lanes, int64_t at) {
      using V = typename decltype(lanes)::V;
      const int64_t c = first + at;
      for (int64_t k = 0; k < count; ++k) {
        const T* from = x + k * p.w.stride * p.C + c;
        V sum{};
#pragma GCC unroll 3
        for (int64_t i = 0; i < height; ++i) {  // row by row: sums of sums round less
          V in_row{};
#pragma GCC unroll 3
          for (int64_t j = 0; j < width; ++j) in_row += get<V>(from + i * row_step + j * step);
          sum += in_row;
        }
        put(y + k * p.C + c, sum * scale);
      }
    });
  }

  template <class T>
  static void forward(const Node& n) {
    const Shares share(n);
    const Pool& p = share.p;
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    each_output_row(p, 0.05, [=](int64_t begin, int64_t end) {
      each_window<kLanes<T>>(
          p, begin, end, [=](const Windows& v, const Span& h, const Span& w, bool roomy) {
            const T scale = static_cast<T>(share(v.oh, v.ow));
            with_size<sizeof(T) == 4>(p, h, w, [&]<int kH, int kW>() {
              const int64_t count = kH ? v.count : 1;
              for (int64_t k = 0; k < v.count; k += count)
                mean_of<T, kH, kW>(p, h, w, count, scale, x + v.from + k * v.next,
                                   y + v.to + k * p.C, roomy);
            });
          });
    });
  }

  static void write_even(const Shares& share, const float* dy, float* dx) {
    const EvenWindows windows(share.p);
    const float scale = static_cast<float>(share(0, 0));
    const int64_t OH = share.p.h.outputs, length = share.p.w.outputs * share.p.C;
    const int64_t all = share.p.N * OH * length;
    each_output_row(share.p, 0.03, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        windows(dy + r * length, all - r * length, scale,
                dx + r * share.p.h.kernel * windows.length);
    });
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    const Shares share(n);
    const T* dy = grad<T>(n.out[0]);
    if constexpr (sizeof(T) == 4)
      if (EvenWindows::suits(share.p) && !n.in[0].accumulate)
        return write_even(share, dy, grad<T>(n.in[0]));
    scatter_windows<sizeof(T) == 4>(
        share.p, 0.06, grad<T>(n.in[0]), n.in[0].accumulate, [=](int64_t oh, int64_t ow) {
          const T scale = static_cast<T>(share(oh, ow));
          return [=](auto lanes, int64_t at, const auto& keep, int64_t) {
            const auto g = keep(get<typename decltype(lanes)::V>(dy + at)) * scale;
            return [=](int, int64_t) { return g; };
          };
        });
  }
};

}  // namespace
extern const Op avg_pool2d;
const Op avg_pool2d = op_of<AvgPool2d>("avg_pool2d");
}  // namespace fastnn::FASTNN_ISA
