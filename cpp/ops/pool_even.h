// Windows side by side over pixels narrower than a vector, all of whose taps get the same: a row of
// pixels is one of windows, each number `width` times, and so are all rows of the window. Written
// in whole vectors, whatever the pixel's width is.
#pragma once
#include "gemm/cut.h"
#include "ops/pool.h"

namespace fastnn::FASTNN_ISA {

// (Of float32 alone: for speed.)
struct EvenWindows {
  static constexpr int64_t kMostVectors = 32;  // after which their orders come again

  const Pool& p;
  int64_t window, length;  // numbers of a window's row, of a row of pixels
  int64_t vectors = 0;     // whose orders differ
  int64_t base[kMostVectors];
  int32_t order[kMostVectors * kLanes<float>];

  static bool suits(const Pool& p) {
    const auto covers = [](const PoolAxis& a) {
      return a.pad == 0 && a.stride == a.kernel && a.outputs * a.kernel == a.length;
    };
    return covers(p.h) && covers(p.w) && p.C > 0 && p.C < kLanes<float> &&
           p.w.kernel * p.C <= kMostVectors;
  }

  explicit EvenWindows(const Pool& pool)
      : p(pool), window(pool.w.kernel * pool.C), length(pool.w.length * pool.C) {
    do {
      const int64_t first = vectors * kLanes<float>;
      base[vectors] = from(first);
      for (int64_t l = 0; l < kLanes<float>; ++l)
        base[vectors] = least(base[vectors], from(first + l));
      for (int64_t l = 0; l < kLanes<float>; ++l)
        order[first + l] = static_cast<int32_t>(from(first + l) - base[vectors]);
      ++vectors;
    } while (vectors * kLanes<float> % window);
  }

  // Which of the windows' numbers number e of a row takes.
  int64_t from(int64_t e) const { return e / window * p.C + e % p.C; }

  // dx of a row of windows, `readable` numbers of which may be read from dy on.
  void operator()(const float* dy, int64_t readable, float scale, float* dx) const {
    // (Members would be read again after each store.)
    const int64_t group = vectors * kLanes<float>, next = group / window * p.C;
    const int64_t all = length, high = p.h.kernel, whole = all - kLanes<float>;
    const int64_t last = readable - kLanes<float>;
    for (int64_t v = 0; v < vectors; ++v) {
      const auto lanes = get<Vector<int32_t>>(order + v * kLanes<float>);
      int64_t at = base[v], e = v * kLanes<float>;
      for (; e <= whole && at <= last; e += group, at += next) {
        const Vector<float> value = scale * shuffle(load(dy + at), lanes);
        for (int64_t i = 0; i < high; ++i) store(dx + i * all + e, value);
      }
      for (; e < all; e += group, at += next) {  // the end of dy, of the row
        const int64_t left = least(all - e, kLanes<float>);
        float few[kLanes<float>] = {};
        copy_row(dy + at, least(readable - at, kLanes<float>), few);
        store(few, scale * shuffle(load(few), lanes));
        for (int64_t i = 0; i < high; ++i) copy_row(few, left, dx + i * all + e);
      }
    }
  }
};

}  // namespace fastnn::FASTNN_ISA
