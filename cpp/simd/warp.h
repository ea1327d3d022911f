// Images sampled at other places, bilinearly:  y(p) = x(c + A (p + d(p) - c) + b),  c the centre.
#pragma once
#include "simd/augment.h"
#include "simd/chance.h"

namespace fastnn::FASTNN_ISA {

// Where the pixels of the new image lie in the old one, relative to the centre; (y, x) order.
struct Map {
  double a[2][2] = {{1, 0}, {0, 1}};
  double b[2] = {0, 0};
};

// first(second(p)): the map of an image changed by `first` and then by `second`.
static inline Map composed(const Map& first, const Map& second) {
  Map m;
  for (int i = 0; i < 2; ++i) {
    m.b[i] = first.a[i][0] * second.b[0] + first.a[i][1] * second.b[1] + first.b[i];
    for (int j = 0; j < 2; ++j)
      m.a[i][j] = first.a[i][0] * second.a[0][j] + first.a[i][1] * second.a[1][j];
  }
  return m;
}

// The inverse of p' = t + R S Z p with x to the right, y down and angles against the clock.
static inline Map affine_map(const AffineRange& range, const Chance& chance) {
  const double ty = chance.within(2, range.shift_y), tx = chance.within(3, range.shift_x);
  const double angle = chance.within(4, range.rotate);
  const double zoom = range.zoom_low + chance.uniform(5) * (range.zoom_high - range.zoom_low);
  const double squeeze = 1 + chance.within(6, range.squeeze);
  const double shear = __builtin_tan(chance.within(7, range.shear));
  const double zy = zoom / squeeze, zx = zoom * squeeze;
  const double c = __builtin_cos(angle), s = __builtin_sin(angle);
  // Z^-1 S^-1 R^-1, rows and columns in (y, x) order.
  Map m;
  m.a[0][0] = c / zy;
  m.a[0][1] = s / zy;
  m.a[1][0] = (-s - shear * c) / zx;
  m.a[1][1] = (c - shear * s) / zx;
  for (int i = 0; i < 2; ++i) m.b[i] = -(m.a[i][0] * ty + m.a[i][1] * tx);
  return m;
}

// One plane with a border for the corners of what lies outside: 1 pixel before, 2 after.
constexpr int64_t kBefore = 1, kBorder = 3;

template <class T>
static void pad_plane(const T* x, int64_t h, int64_t w, bool edge, T fill, T* y) {
  const int64_t stride = w + kBorder;
  for (int64_t r = 0; r < h + kBorder; ++r, y += stride) {
    const int64_t from = r < kBefore ? 0 : r - kBefore < h ? r - kBefore : h - 1;
    if (!edge && from != r - kBefore) {
      for (int64_t i = 0; i < stride; ++i) y[i] = fill;
      continue;
    }
    const T* row = x + from * w;
    y[0] = edge ? row[0] : fill;
    __builtin_memcpy(y + kBefore, row, w * sizeof(T));
    y[w + 1] = y[w + 2] = edge ? row[w - 1] : fill;
  }
}

constexpr int64_t kSampled = 64;  // pixels at a time

template <class T>
struct Places {  // upper left neighbour in a padded plane, and how far from it
  alignas(64) int32_t at[kSampled];
  alignas(64) T right[kSampled], down[kSampled];
};

// Places of pixels (y, x..x + n); dy and dx are their displacements, null for none.
template <class T>
static void find_places(const Map& map, int64_t h, int64_t w, bool edge, int64_t y, int64_t x,
                        int64_t n, const T* dy, const T* dx, Places<T>* out) {
  const T cy = T(h - 1) / 2, cx = T(w - 1) / 2;
  const T ayy = T(map.a[0][0]), ayx = T(map.a[0][1]), by = T(map.b[0]);
  const T axy = T(map.a[1][0]), axx = T(map.a[1][1]), bx = T(map.b[1]);
  const T least = edge ? 0 : -1, most_y = T(edge ? h - 1 : h), most_x = T(edge ? w - 1 : w);
  const T py = static_cast<T>(y) - cy, px = static_cast<T>(x) - cx;
  const int32_t stride = static_cast<int32_t>(w + kBorder);
  const bool moved = dy != nullptr;
#pragma omp simd
  for (int64_t j = 0; j < n; ++j) {
    const T qy = moved ? py + dy[j] : py;
    const T qx = px + static_cast<T>(static_cast<int32_t>(j)) + (moved ? dx[j] : T(0));
    T sy = cy + (ayy * qy + ayx * qx + by), sx = cx + (axy * qy + axx * qx + bx);
    sy = sy > least ? sy : least;  // whatever the ranges: NaN, too, ends up inside
    sx = sx > least ? sx : least;
    sy = sy < most_y ? sy : most_y;
    sx = sx < most_x ? sx : most_x;
    // sy, sx >= -1: cutting off the fraction of what is one more rounds down
    const int32_t iy = static_cast<int32_t>(sy + 1), ix = static_cast<int32_t>(sx + 1);
    out->at[j] = iy * stride + ix;
    out->down[j] = (sy + 1) - static_cast<T>(iy);
    out->right[j] = (sx + 1) - static_cast<T>(ix);
  }
}

template <class T>
static void sample(const T* plane, int64_t stride, const Places<T>& places, int64_t n, T* y) {
  const T* below = plane + stride;
#pragma omp simd
  for (int64_t j = 0; j < n; ++j) {
    const int32_t i = places.at[j];
    const T upper = plane[i] + places.right[j] * (plane[i + 1] - plane[i]);
    const T lower = below[i] + places.right[j] * (below[i + 1] - below[i]);
    y[j] = upper + places.down[j] * (lower - upper);
  }
}

// y is x (channels, h, w), or another; `padded` has room for its planes with borders. The
// displacements' rows are `field_stride` apart.
template <class T>
static void warp(const T* x, T* y, int64_t channels, int64_t h, int64_t w, const Map& map,
                 bool edge, T fill, const T* dy, const T* dx, int64_t field_stride, T* padded) {
  const int64_t stride = w + kBorder, plane = (h + kBorder) * stride;
  for (int64_t c = 0; c < channels; ++c)
    pad_plane(x + c * h * w, h, w, edge, fill, padded + c * plane);
  Places<T> places;
  for (int64_t r = 0; r < h; ++r)
    for (int64_t begin = 0; begin < w; begin += kSampled) {
      const int64_t n = w - begin < kSampled ? w - begin : kSampled;
      const int64_t at = r * field_stride + begin;
      find_places(map, h, w, edge, r, begin, n, dy ? dy + at : nullptr, dx ? dx + at : nullptr,
                  &places);
      for (int64_t c = 0; c < channels; ++c)
        sample(padded + c * plane, stride, places, n, y + (c * h + r) * w + begin);
    }
}

}  // namespace fastnn::FASTNN_ISA
