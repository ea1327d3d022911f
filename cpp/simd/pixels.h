// Changes that move whole pixels or their values: crop, flip, colour, cutout. Images are
// (channels, h, w).
#pragma once
#include "simd/augment.h"
#include "simd/chance.h"

namespace fastnn::FASTNN_ISA {

// y (channels, height, width) = x from (top, left) on, which may lie outside.
template <class T>
static void crop(const T* x, int64_t channels, int64_t h, int64_t w, const CropRange& range,
                 int64_t top, int64_t left, T* y) {
  const int64_t height = static_cast<int64_t>(range.height);
  const int64_t width = static_cast<int64_t>(range.width);
  const T fill = static_cast<T>(range.fill);
  const int64_t begin = left < 0 ? (-left < width ? -left : width) : 0;  // columns inside x
  const int64_t inside = w - left < width ? w - left : width;
  const int64_t end = inside < begin ? begin : inside;
  for (int64_t i = 0; i < channels * height; ++i, y += width) {
    const int64_t at = top + i % height;
    const bool outside = at < 0 || at >= h;
    if (outside && range.edge == 0) {
      for (int64_t j = 0; j < width; ++j) y[j] = fill;
      continue;
    }
    const T* row = x + (i / height * h + (at < 0 ? 0 : at >= h ? h - 1 : at)) * w;
    const T before = range.edge != 0 ? row[0] : fill, after = range.edge != 0 ? row[w - 1] : fill;
    for (int64_t j = 0; j < begin; ++j) y[j] = before;
    __builtin_memcpy(y + begin, row + left + begin, (end - begin) * sizeof(T));
    for (int64_t j = end; j < width; ++j) y[j] = after;
  }
}

template <class T>
static void flip(const T* x, int64_t channels, int64_t h, int64_t w, bool vertical, T* y) {
  for (int64_t r = 0; r < channels * h; ++r, y += w) {
    const int64_t c = r / h;
    const T* row = x + (vertical ? c * h + (h - 1 - (r - c * h)) : r) * w;
    if (vertical) {
      __builtin_memcpy(y, row, w * sizeof(T));
    } else {
#pragma omp simd
      for (int64_t j = 0; j < w; ++j) y[j] = row[w - 1 - j];
    }
  }
}

template <class T>
static void color(T* x, int64_t n, double factor, double shift) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(n);
  const T a = static_cast<T>(factor), b = static_cast<T>(mean - factor * mean + shift);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) x[i] = a * x[i] + b;
}

template <class T>
static void pca_color(T* x, int64_t pixels, const PcaRange& range, const Chance& chance) {
  const double z[3] = {chance.normal(2), chance.normal(3), chance.normal(4)};
  for (int c = 0; c < 3; ++c, x += pixels) {
    double sum = 0;
    for (int j = 0; j < 3; ++j) sum += range.axes[3 * c + j] * z[j];
    const T shift = static_cast<T>(sum);
#pragma omp simd
    for (int64_t i = 0; i < pixels; ++i) x[i] += shift;
  }
}

template <class T>
static void cutout(T* x, int64_t channels, int64_t h, int64_t w, const CutoutRange& range,
                   const Chance& chance) {
  const int64_t height = static_cast<int64_t>(range.height);
  const int64_t width = static_cast<int64_t>(range.width);
  const int64_t top = chance.below(2, h) - height / 2, left = chance.below(3, w) - width / 2;
  const int64_t bottom = top + height < h ? top + height : h;
  const int64_t right = left + width < w ? left + width : w;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t r = top < 0 ? 0 : top; r < bottom; ++r)
      for (int64_t j = left < 0 ? 0 : left; j < right; ++j)
        x[(c * h + r) * w + j] = static_cast<T>(range.fill);
}

}  // namespace fastnn::FASTNN_ISA
