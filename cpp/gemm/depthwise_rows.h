// What depthwise convolution and its gradient share: vectors of channels, the taps that fall on an
// image, rows cut into tasks, and channels that are spread out to their filters.
#pragma once
#include "base/parallel.h"
#include "gemm/cut.h"
#include "gemm/depthwise.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA::channelwise {

constexpr int64_t kTasks = 32;
constexpr double kTaskNs = 20e3;  // tasks are not shorter than this
constexpr double kFmaPerNs = 4;   // vectors: each waits for a load

// Channels [k, k + lanes), of which another vector has done the `first`.
template <class T, class V>
struct Lanes {
  static constexpr int64_t kCount = sizeof(V) / sizeof(T);
  int64_t k, first;
  int64_t blocks = 1;  // so many vectors, or pairs of them, one after the other

  auto is_done() const {
    Vector<Integer<T>> lane{};
#pragma GCC unroll 1
    for (int64_t l = 0; l < kCount; ++l) lane[l] = l;
    return lane < static_cast<Integer<T>>(first);
  }
};

// f<n>(Lanes) on all channels, n vectors at a time, kMost at most; one by one where there are fewer
// than a vector's.
template <class T, int kMost, class F>
static inline void each_lanes(int64_t wide, const F& f) {
  constexpr int64_t L = kLanes<T>;
  int64_t k = 0;
  if (wide >= L) {
    if constexpr (kMost > 1) {
      const int64_t pairs = wide / (2 * L);
      k = pairs * 2 * L;
      if (k) f.template operator()<2>(Lanes<T, Vector<T>>{0, 0, pairs});
    }
    for (; k < wide; k += L) {
      const int64_t at = least(k, wide - L);
      f.template operator()<1>(Lanes<T, Vector<T>>{at, k - at});
    }
  }
  for (; k < wide; ++k) f.template operator()<1>(Lanes<T, T>{k, 0});
}

// Taps [begin, end) of output o that fall on inputs.
struct Inside {
  int64_t begin, end;
  Inside(const Taps& t, int64_t o, int64_t inputs) {
    const int64_t at = o * t.stride + t.offset;
    begin = at < 0 ? least(up(-at, t.step), t.count) : 0;
    end = at < inputs ? most(least(up(inputs - at, t.step), t.count), begin) : begin;
  }
};

// Outputs [begin, end) all of whose taps fall on inputs.
struct Interior {
  int64_t begin, end;
  Interior(const Taps& t, int64_t outputs, int64_t inputs) {
    const int64_t last = inputs - 1 - t.offset - (t.count - 1) * t.step;
    begin = least(t.offset < 0 ? up(-t.offset, t.stride) : 0, outputs);
    end = most(least(last < 0 ? 0 : last / t.stride + 1, outputs), begin);
  }
};

// Rows of outputs of all images, cut into tasks.
template <class T>
struct Rows {
  int64_t rows, tasks;
  double cost;
  Rows(const Conv<T>& c, int64_t wide) : rows(c.images * c.ys.height) {
    cost =
        double(rows) * c.ys.width * up(wide, kLanes<T>) * (c.ty.count * c.tx.count + 2) / kFmaPerNs;
    tasks = least(rows, most(least(static_cast<int64_t>(cost / kTaskNs), kTasks), 1));
  }
};

// Where a channel has several filters, one image at a time is spread out to as many channels.
template <class T>
static inline bool is_spread(const Conv<T>& c) {
  return c.out > c.in;
}
template <class T>
static inline int64_t spread_bytes(const Conv<T>& c) {
  return is_spread(c) ? align64(c.xs.height * c.xs.width * c.out * sizeof(T)) : 0;
}
template <class T>
static Conv<T> spread(const Conv<T>& c, int64_t image, T* to) {
  const int64_t m = c.out / c.in, width = c.xs.width;
  const double cost = double(c.xs.height) * width * c.out;
  parallel_chunks(c.xs.height, 16, cost, [=, &c](int64_t y, int64_t end) {
    for (int64_t p = y * width; p < end * width; ++p) {
      const T* x = c.x + image * c.xs.image + p / width * c.xs.row + p % width * c.xs.pixel;
      T* at = to + p * c.out;
      for (int64_t k = 0; k < c.in; ++k)
        for (int64_t i = 0; i < m; ++i) *at++ = x[k];
    }
  });
  Conv<T> one = c;
  one.images = 1;
  one.in = c.out;
  one.x = to;
  one.xs = {c.xs.height, width, c.out, width * c.out, 0};
  one.y = c.y + image * c.ys.image;
  if (c.residual) one.residual = c.residual + image * c.ys.image;
  return one;
}

}  // namespace fastnn::FASTNN_ISA::channelwise
