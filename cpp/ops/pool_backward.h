// The way back through windows: each gives its taps what is theirs of dy. Where no pixel is in two
// windows they write it, row of windows by row; else each image, or some of its channels, is one
// task that adds up.
#pragma once
#include "ops/pool.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kPoolChannels = 128;  // of a task, at least
constexpr int64_t kPoolNear = 8192;     // elements of a window that L1 holds

// share(tap, its distance from the first) to each tap of a window of kH x kW, 0: of any size; dx:
// the first one inside.
template <class V, int kH, int kW, bool kAdd, class T, class Share>
static inline void deposit(const Pool& p, const Span& h, const Span& w, const Share& share, T* dx) {
  const int64_t row_step = p.h.dilation * p.w.length * p.C, step = p.w.dilation * p.C;
  const int64_t height = kH ? kH : h.count, width = kW ? kW : w.count;
  const int first = static_cast<int>(kH ? 0 : h.first * p.w.kernel + w.first);
  const int kernel = static_cast<int>(kW ? kW : p.w.kernel);
#pragma GCC unroll 3
  for (int64_t i = 0; i < height; ++i)
#pragma GCC unroll 3
    for (int64_t j = 0; j < width; ++j) {
      const int64_t offset = i * row_step + j * step;
      T* to = dx + offset;
      const V v = share(static_cast<int>(first + i * kernel + j), offset);
      put(to, kAdd ? get<V>(to) + v : v);
    }
}

// Lanes from `least` up to `end` of v, else 0.
template <class L>
static inline typename L::V lanes_of(typename L::V v, int64_t least, int64_t end) {
  if constexpr (L::kCount == 1) {
    return v;
  } else {
    typename L::M lane{};
    for (int j = 0; j < L::kCount; ++j) lane[j] = j;
    const auto in = (lane >= static_cast<int>(least)) & (lane < static_cast<int>(end));
    return in ? v : typename L::V{};
  }
}

// gradient(oh, ow) gives a window's (lanes, at, keep, from), and that a share(tap, distance): what
// of dy[at], dy[at + 1] ... belongs to a tap, after dy went through keep(). The first tap is
// x[from].
template <bool kUnrolled, class T, class Gradient>
static void write_windows(const Pool& p, double cost, T* dx, const Gradient& gradient) {
  const int64_t row = p.w.length * p.C, OH = p.h.outputs, OW = p.w.outputs;
  const bool gaps = p.h.stride > p.h.kernel || p.w.stride > p.w.kernel ||
                    p.w.begin(OW - 1) + p.w.kernel < p.w.length;
  // Up to here a row's pixels are written one after the other, each over what the last spilled.
  const int64_t covered_w = p.w.begin(OW - 1) + p.w.kernel;
  const int64_t spills = gaps ? 0 : (covered_w < p.w.length ? covered_w : p.w.length) * p.C;
  const int64_t all = p.N * OH * OW * p.C, next = p.w.stride * p.C;
  each_output_row(p, cost, [=](int64_t begin, int64_t end) {
    for (int64_t at_row = begin; at_row < end; ++at_row) {
      const int64_t oh = at_row % OH;
      T* image = dx + at_row / OH * p.h.length * row;
      // Rows of pixels up to the next window are this one's.
      const int64_t first = oh == 0 ? 0 : p.h.begin(oh);
      const int64_t last = oh == OH - 1 ? p.h.length : p.h.begin(oh + 1);
      const int64_t covered = gaps ? first : p.h.begin(oh) + p.h.kernel;
      if (covered < last)
        __builtin_memset(image + covered * row, 0,
                         static_cast<size_t>((last - covered) * row) * sizeof(T));
      const Span h = p.h.span(oh);
      for (int64_t ow = 0, count; ow < OW; ow += count) {
        const Span w = p.w.span(ow);
        const int64_t at = (at_row * OW + ow) * p.C;
        T* to = image + h.at * row + w.at * p.C;
        const int64_t room_x = spills - (w.at + w.count - 1) * p.C - kLanes<T>;
        const int64_t room_y = all - at - kLanes<T>;
        const bool roomy = room_x >= 0 && room_y >= 0;
        count = p.w.run(ow);
        if (count > OW - ow) count = OW - ow;
        if (p.C < kLanes<T> && roomy && count > room_x / next + 1) count = room_x / next + 1;
        if (p.C < kLanes<T> && roomy && count > room_y / p.C + 1) count = room_y / p.C + 1;
        with_size<kUnrolled>(p, h, w, [&]<int kH, int kW>() {
          const auto of_window = gradient(oh, ow);
          const auto share_of = [=](auto lanes, int64_t k, int64_t c) {
            using V = typename decltype(lanes)::V;
            const auto keep = [](V g) { return g; };
            return of_window(lanes, at + k * p.C + c, keep, to + k * next + c - dx);
          };
          if constexpr (kH > 0)
            return each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
              using V = typename decltype(lanes)::V;
              for (int64_t k = 0; k < count; ++k)
                deposit<V, kH, kW, false>(p, h, w, share_of(lanes, k, c), to + k * next + c);
            });
          // A window that L1 does not hold goes pixel by pixel.
          const bool near = h.count * w.count * p.C < kPoolNear;
          const int64_t height = near ? 1 : h.count, width = near ? 1 : w.count;
          for (int64_t k = 0; k < count; ++k)
            for (int64_t i = 0; i < height; ++i)
              for (int64_t j = 0; j < width; ++j) {
                const int tap = static_cast<int>((h.first + i) * p.w.kernel + w.first + j);
                const int64_t offset = i * row + j * p.C;
                each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
                  using V = typename decltype(lanes)::V;
                  const auto share = share_of(lanes, k, c);
                  T* const window = to + k * next + c;
                  if (near)
                    deposit<V, 0, 0, false>(p, h, w, share, window);
                  else
                    put(window + offset, share(tap, offset));
                });
              }
        });
      }
    }
  });
}

template <bool kUnrolled, class T, class Gradient>
static void add_windows(const Pool& p, double cost, T* dx, bool accumulate,
                        const Gradient& gradient) {
  const int64_t C = p.C, row = p.w.length * C, image = p.h.length * row;
  const int64_t windows = p.h.outputs * p.w.outputs, all = p.N * windows * C;
  const int64_t slices = C < 2 * kPoolChannels ? 1 : C / kPoolChannels;
  const double whole =
      cost * static_cast<double>(p.N * windows * C) * static_cast<double>(p.h.kernel * p.w.kernel);
  parallel(p.N * slices, whole, [=](int64_t task) {
    const int64_t slice = task % slices, first = slice * kPoolChannels;
    const int64_t last = slice == slices - 1 ? C : first + kPoolChannels;
    T* own = dx + task / slices * image;
    if (!accumulate && slices == 1)
      __builtin_memset(own, 0, static_cast<size_t>(image) * sizeof(T));
    if (!accumulate && slices > 1)
      for (int64_t i = first; i < image; i += C)
        __builtin_memset(own + i, 0, static_cast<size_t>(last - first) * sizeof(T));
    int64_t at = task / slices * windows * C;
    for (int64_t oh = 0; oh < p.h.outputs; ++oh) {
      const Span h = p.h.span(oh);
      for (int64_t ow = 0; ow < p.w.outputs; ++ow, at += C) {
        const Span w = p.w.span(ow);
        const int64_t to = h.at * row + w.at * C;
        with_size<kUnrolled>(p, h, w, [&]<int kH, int kW>() {
          const auto of_window = gradient(oh, ow);
          // Lanes [least, end) of the channels from c on.
          const auto add = [&](auto lanes, int64_t c, int64_t least, int64_t end) {
            using L = decltype(lanes);
            using V = typename L::V;
            const auto keep = [=](V g) {
              return least == 0 && end == L::kCount ? g : lanes_of<L>(g, least, end);
            };
            const auto share = of_window(lanes, at + c, keep, own + to + c - dx);
            deposit<V, kH, kW, true>(p, h, w, share, own + to + c);
          };
          int64_t c = first;
          for (; c + kLanes<T> <= last; c += kLanes<T>) add(Wide<T>{}, c, 0, kLanes<T>);
          if (c == last) return;
          const int64_t reach =
              ((h.count - 1) * p.h.dilation * row) + (w.count - 1) * p.w.dilation * C + kLanes<T>;
          if (C >= kLanes<T>)
            add(Wide<T>{}, last - kLanes<T>, kLanes<T> - (last - c), kLanes<T>);
          else if (C > 1 && to + reach <= image && at + kLanes<T> <= all)
            add(Wide<T>{}, c, 0, C);
          else
            for (; c < last; ++c) add(One<T>{}, c, 0, 1);
        });
      }
    }
  });
}

// dx (+)= the shares; cost in ns per tap of a float.
template <bool kUnrolled, class T, class Gradient>
static void scatter_windows(const Pool& p, double cost, T* dx, bool accumulate,
                            const Gradient& gradient) {
  const auto apart = [](const PoolAxis& a) {
    return a.outputs == 1 || a.stride > (a.kernel - 1) * a.dilation;
  };
  const bool dilated = p.h.dilation > 1 || p.w.dilation > 1;
  if (p.N * p.h.length * p.w.length * p.C == 0) return;
  if (!accumulate && !dilated && apart(p.h) && apart(p.w))
    write_windows<kUnrolled>(p, cost, dx, gradient);
  else
    add_windows<kUnrolled>(p, cost, dx, accumulate, gradient);
}

}  // namespace fastnn::FASTNN_ISA
