// Elastic displacements (Simard, Steinkraus and Platt, ICDAR 2003): uniform noise in [-1, 1] for
// each pixel and direction, smoothed by a Gaussian of `sigma` pixels that is cut off at 3 sigma
// (noise outside the image counts as 0), times alpha.
#pragma once
#include "simd/chance.h"

namespace fastnn::FASTNN_ISA {

// Columns at a time: four vectors, whose sums stay in registers (arrays of lanes do not).
template <class T>
struct Strip {
  static constexpr int64_t kVectors = 4, kWidth = kVectors * kLanes<T>;
};

// Rows of noise have `reach` zeros on either side and are filled up with zeros to whole strips.
template <class T>
struct FieldLayout {
  int64_t h, w, reach, columns, stride;
  FieldLayout(int64_t height, int64_t width, double sigma) : h(height), w(width) {
    const int64_t least = h > w ? h - 1 : w - 1;  // further away there is no noise
    const double cut =
        3 * sigma < static_cast<double>(least) ? 3 * sigma : static_cast<double>(least);
    reach = static_cast<int64_t>(cut);
    columns = (w + Strip<T>::kWidth - 1) / Strip<T>::kWidth * Strip<T>::kWidth;
    stride = columns + 2 * reach;
  }
  int64_t plane() const { return h * stride; }
  int64_t scratch() const { return 4 * plane() + columns + reach + 1; }  // numbers
};

// y = taps[0] x + sum_k taps[k] (before(k) + after(k)), rows of `columns`, k in 1..reach. Sums of
// pairs halve the chain of additions, which is what takes the time.
template <class T, class Before, class After>
static void smooth_row(const T* x, T* y, int64_t columns, int64_t reach, const T* taps,
                       const Before& before, const After& after) {
  for (int64_t c = 0; c < columns; c += Strip<T>::kWidth) {
    const auto at = [c](const T* row, int v) { return load(row + c + v * kLanes<T>); };
    Vector<T> s0 = taps[0] * at(x, 0), s1 = taps[0] * at(x, 1);
    Vector<T> s2 = taps[0] * at(x, 2), s3 = taps[0] * at(x, 3);
    for (int64_t k = 1; k <= reach; ++k) {
      const T *a = before(k), *b = after(k);
      s0 += taps[k] * (at(a, 0) + at(b, 0));
      s1 += taps[k] * (at(a, 1) + at(b, 1));
      s2 += taps[k] * (at(a, 2) + at(b, 2));
      s3 += taps[k] * (at(a, 3) + at(b, 3));
    }
    const Vector<T> sums[Strip<T>::kVectors] = {s0, s1, s2, s3};
    for (int v = 0; v < Strip<T>::kVectors; ++v) store(y + c + v * kLanes<T>, sums[v]);
  }
}

// taps[0..reach]: exp(-k^2 / 2 sigma^2), over their sum up to 3 sigma.
template <class T>
static void gaussian(double sigma, int64_t reach, T* taps) {
  double sum = 0;
  for (int64_t k = static_cast<int64_t>(3 * sigma); k >= 0; --k) {
    const double tap = __builtin_exp(-0.5 * static_cast<double>(k * k) / (sigma * sigma));
    sum += k ? 2 * tap : tap;
    if (k <= reach) taps[k] = static_cast<T>(tap);
  }
  for (int64_t k = 0; k <= reach; ++k) taps[k] /= static_cast<T>(sum);
}

// Displacements (dy, then dx, planes of h rows `stride` apart) in front of `scratch`, which they
// return.
template <class T>
static const T* elastic_field(const FieldLayout<T>& f, double alpha, double sigma,
                              const Chance& chance, T* scratch) {
  T *noise = scratch, *smooth = scratch + 2 * f.plane(), *zeros = scratch + 4 * f.plane();
  T* taps = zeros + f.columns;
  gaussian(sigma, f.reach, taps);
  fill_uniform(chance, 2 * f.h * f.w, smooth);
  __builtin_memset(noise, 0, 2 * f.plane() * sizeof(T));
  for (int64_t i = 0; i < 2 * f.h; ++i)
    __builtin_memcpy(noise + i * f.stride + f.reach, smooth + i * f.w, f.w * sizeof(T));
  __builtin_memset(smooth, 0, 2 * f.plane() * sizeof(T));
  __builtin_memset(zeros, 0, f.columns * sizeof(T));
  for (int64_t i = 0; i < 2 * f.h; ++i) {
    const int64_t r = i % f.h, at = i * f.stride + f.reach;
    const T* row = noise + at;
    smooth_row(
        row, smooth + at, f.columns, f.reach, taps,
        [&](int64_t k) { return r - k >= 0 ? row - k * f.stride : zeros; },
        [&](int64_t k) { return r + k < f.h ? row + k * f.stride : zeros; });
  }
  const T scale = static_cast<T>(alpha);
  for (int64_t k = 0; k <= f.reach; ++k) taps[k] *= scale;
  for (int64_t i = 0; i < 2 * f.h; ++i) {
    const T* row = smooth + i * f.stride + f.reach;
    smooth_row(
        row, noise + i * f.stride, f.columns, f.reach, taps, [&](int64_t k) { return row - k; },
        [&](int64_t k) { return row + k; });
  }
  return noise;
}

}  // namespace fastnn::FASTNN_ISA
