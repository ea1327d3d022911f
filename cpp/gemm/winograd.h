// Winograd's minimal filtering in float32: patches of 6 x 6 inputs give 4 x 4 outputs of 3 x 3
// kernels (or, in the weight's gradient, 4 x 4 gradients and 6 x 6 inputs give 3 x 3 weights) by 36
// products in the place of 144, and 2 x 2 outputs of 5 x 5 kernels in the place of 100. The points
// are 0, +-5/8, +-3/2 and infinity: against +-1, +-2 they halve the error, to 1.8 times that of the
// direct sum (float32, 64 channels: 7.7e-7 rms against 4.4e-7).
//   Winograd, Arithmetic complexity of computations (1980); Lavin and Gray, Fast algorithms for
//   convolutional neural networks, CVPR (2016); Vincent et al., On improving the numerical
//   stability of Winograd convolutions, ICLR workshop (2017).
#pragma once
#include "gemm/conv.h"
#include "gemm/cut.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {

constexpr int kPatch = 6;                                      // side of a patch of inputs
constexpr int tile_of(int taps) { return kPatch + 1 - taps; }  // side of a tile of outputs
constexpr int kPoints = 36;        // products of one channel by one filter
constexpr int64_t kFarApart = 16;  // elements between neighbouring planes: they share no set of L1

namespace winograd {

constexpr float kA = 0.625f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB;
// 1 / product of the distances of 0, of +-a, of +-b to the other points.
constexpr float kN0 = 1 / (kA2 * kB2);
constexpr float kNa = 1 / (2 * kA2 * (kA2 - kB2)), kNb = 1 / (2 * kB2 * (kB2 - kA2));

using V = Vector<float>;

// A line of inputs at the points.
[[gnu::always_inline]] static inline void inputs(const V (&d)[6], V (&o)[6]) {
  const V even_a = d[4] - kB2 * d[2], odd_a = kA * (d[3] - kB2 * d[1]);
  const V even_b = d[4] - kA2 * d[2], odd_b = kB * (d[3] - kA2 * d[1]);
  o[0] = d[4] - (kA2 + kB2) * d[2] + (kA2 * kB2) * d[0];
  o[1] = even_a + odd_a;
  o[2] = even_a - odd_a;
  o[3] = even_b + odd_b;
  o[4] = even_b - odd_b;
  o[5] = d[5] - (kA2 + kB2) * d[3] + (kA2 * kB2) * d[1];
}

// The same turned round: a line at the points back to where its inputs were; of the product of two
// polynomials to its coefficients, where one of them was multiplied by the factors of `values`.
[[gnu::always_inline]] static inline void coefficients(const V (&m)[6], V (&o)[6]) {
  const V plus_a = m[1] + m[2], minus_a = kA * (m[1] - m[2]);
  const V plus_b = m[3] + m[4], minus_b = kB * (m[3] - m[4]);
  o[0] = (kA2 * kB2) * m[0];
  o[1] = (kA2 * kB2) * m[5] - kB2 * minus_a - kA2 * minus_b;
  o[2] = -(kA2 + kB2) * m[0] - kB2 * plus_a - kA2 * plus_b;
  o[3] = minus_a + minus_b - (kA2 + kB2) * m[5];
  o[4] = m[0] + plus_a + plus_b;
  o[5] = m[5];
}

// A polynomial of kCount coefficients, at the points.
template <int kCount>
[[gnu::always_inline]] static inline void values(const V (&g)[kCount], V (&o)[6]) {
  V odd_a = kA * g[1], odd_b = kB * g[1], even_a = g[0], even_b = g[0];
  if constexpr (kCount > 2) {
    even_a += kA2 * g[2];
    even_b += kB2 * g[2];
  }
  if constexpr (kCount > 3) {
    odd_a += (kA * kA2) * g[3];
    odd_b += (kB * kB2) * g[3];
  }
  if constexpr (kCount > 4) {
    even_a += (kA2 * kA2) * g[4];
    even_b += (kB2 * kB2) * g[4];
  }
  even_a *= kNa;
  even_b *= kNb;
  o[0] = kN0 * g[0];
  o[1] = even_a + kNa * odd_a;
  o[2] = even_a - kNa * odd_a;
  o[3] = even_b + kNb * odd_b;
  o[4] = even_b - kNb * odd_b;
  o[5] = g[kCount - 1];
}

// From products at the points back to kCount results of one line.
template <int kCount>
[[gnu::always_inline]] static inline void results(const V (&m)[6], V (&o)[kCount]) {
  const V plus_a = m[1] + m[2], minus_a = m[1] - m[2];
  const V plus_b = m[3] + m[4], minus_b = m[3] - m[4];
  o[0] = m[0] + plus_a + plus_b;
  o[1] = kA * minus_a + kB * minus_b;
  if constexpr (kCount > 2) o[2] = kA2 * plus_a + kB2 * plus_b;
  if constexpr (kCount > 3) o[3] = (kA * kA2) * minus_a + (kB * kB2) * minus_b;
  if constexpr (kCount > 4) o[4] = (kA2 * kA2) * plus_a + (kB2 * kB2) * plus_b;
  o[kCount - 1] += m[5];
}

// Both dimensions: lines of one, then of the other. What lies between is made as it is used, one or
// two rows at a time that share their terms, and stays in registers: stores are what the machine
// has fewest of, loads it can repeat.

// at(i, j) of a patch, i and j < 6, at the points: put(6 i + j, value).
template <class At, class Put>
[[gnu::always_inline]] static inline void inputs(const At& at, const Put& put) {
  const auto finish = [&](int i, const V(&row)[6]) {
    V o[6];
    inputs(row, o);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) put(i * 6 + j, o[j]);
  };
  const auto outer = [&](int i, int first) {  // rows 0 and 5
    V row[6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j)
      row[j] = at(first + 4, j) - (kA2 + kB2) * at(first + 2, j) + (kA2 * kB2) * at(first, j);
    finish(i, row);
  };
  const auto pair = [&](int i, float point, float square) {  // rows i, i + 1: +-point
    V plus[6], minus[6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      const V even = at(4, j) - square * at(2, j), odd = point * (at(3, j) - square * at(1, j));
      plus[j] = even + odd;
      minus[j] = even - odd;
    }
    finish(i, plus);
    finish(i + 1, minus);
  };
  outer(0, 0);
  pair(1, kA, kB2);
  pair(3, kB, kA2);
  outer(5, 1);
}

// Likewise kCount x kCount coefficients.
template <int kCount, class At, class Put>
[[gnu::always_inline]] static inline void values(const At& at, const Put& put) {
  const auto finish = [&](int i, const V(&row)[kCount]) {
    V o[6];
    values<kCount>(row, o);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) put(i * 6 + j, o[j]);
  };
  const auto outer = [&](int i, float factor, int from) {
    V row[kCount];
#pragma GCC unroll 5
    for (int j = 0; j < kCount; ++j) row[j] = factor * at(from, j);
    finish(i, row);
  };
  const auto pair = [&](int i, float point, float factor) {
    const float square = point * point;
    V plus[kCount], minus[kCount];
#pragma GCC unroll 5
    for (int j = 0; j < kCount; ++j) {
      V even = at(0, j), odd = point * at(1, j);
      if constexpr (kCount > 2) even += square * at(2, j);
      if constexpr (kCount > 3) odd += (square * point) * at(3, j);
      if constexpr (kCount > 4) even += (square * square) * at(4, j);
      even *= factor;
      plus[j] = even + factor * odd;
      minus[j] = even - factor * odd;
    }
    finish(i, plus);
    finish(i + 1, minus);
  };
  outer(0, kN0, 0);
  pair(1, kA, kNa);
  pair(3, kB, kNb);
  outer(5, 1, kCount - 1);
}

// Products at(i, j) at the points, back to kCount x kCount results, 4 or 2: put(i, row of them).
template <int kCount, class At, class Put>
[[gnu::always_inline]] static inline void results(const At& at, const Put& put) {
  const auto finish = [&](int i, const V(&row)[6]) {
    V o[kCount];
    results<kCount>(row, o);
    put(i, o);
  };
  V even[6], odd[6];  // rows 0 and 2, then 1 and 3
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) {
    const V plus_a = at(1, j) + at(2, j), plus_b = at(3, j) + at(4, j);
    even[j] = at(0, j) + plus_a + plus_b;
    if constexpr (kCount > 2) odd[j] = kA2 * plus_a + kB2 * plus_b;
  }
  finish(0, even);
  if constexpr (kCount > 2) finish(2, odd);
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) {
    const V minus_a = at(1, j) - at(2, j), minus_b = at(3, j) - at(4, j);
    even[j] = kA * minus_a + kB * minus_b;
    if constexpr (kCount > 2)
      odd[j] = (kA * kA2) * minus_a + (kB * kB2) * minus_b + at(5, j);
    else
      even[j] += at(5, j);
  }
  finish(1, even);
  if constexpr (kCount > 2) finish(3, odd);
}

// Sums at(i, j) at the points back to kTaps x kTaps weights: put(y, x, value). Done once for many
// tiles, so in loops: small.
template <int kTaps, class At, class Put>
[[gnu::always_inline]] static inline void weights(const At& at, const Put& put) {
  V half[kTaps][6];
#pragma GCC unroll 1
  for (int j = 0; j < 6; ++j) {
    V p[6], o[kTaps];
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) p[i] = at(i, j);
    results<kTaps>(p, o);
#pragma GCC unroll 5
    for (int i = 0; i < kTaps; ++i) half[i][j] = o[i];
  }
#pragma GCC unroll 1
  for (int y = 0; y < kTaps; ++y) {
    V o[kTaps];
    results<kTaps>(half[y], o);
#pragma GCC unroll 1
    for (int x = 0; x < kTaps; ++x) put(y, x, o[x]);
  }
}

}  // namespace winograd

// The patches of a convolution: tiles of outputs, counted along rows, image by image.
struct PatchGrid {
  int64_t side;           // of a tile
  int64_t rows, columns;  // of tiles in an image
  PatchGrid(const Pixels& outputs, int64_t tile)
      : side(tile), rows(up(outputs.height, tile)), columns(up(outputs.width, tile)) {}
  int64_t per_image() const { return rows * columns; }
  struct Tile {
    int64_t image, oy, ox;
  };
  Tile operator()(int64_t t) const {
    const int64_t in = t % per_image();
    return {t / per_image(), in / columns * side, in % columns * side};
  }
};

// What is rounded to pairs was transformed before, so many channels at a time, to be still in L1.
constexpr int64_t kSlice = 64;
struct Slice {
  int64_t first, count;  // channels
};
// f(Slice) for all of them.
template <class F>
static inline void for_slices(int64_t channels, const F& f) {
  for (int64_t i = 0; i < channels; i += kSlice) f(Slice{i, least(kSlice, channels - i)});
}

// Pixels that lie as Bf16, as floats: side x side of them from (y, x) of an image, kSlice apart;
// zeros outside.
struct Bf16Pixels {
  const Bf16* image;
  Pixels in;
  int64_t y, x, side;
};
void widen_pixels(const Bf16Pixels& p, const Slice& channels, float* to);

// As many kernels as a vector has lanes, `next` elements apart, at the points: to[f * plane +
// kernel]. Their taps in the order of inputs or, `turned`, of outputs.
void winograd_kernels(const Conv<float>& c, const float* w, int64_t next, bool turned, float* to,
                      int64_t plane);

// Patch of inputs of a tile into plane f = 6 i + j of V: to[f * plane + channel of the slice].
// `zeros` holds as many as there are channels, for pixels outside of the image.
void winograd_inputs(const Conv<float>& c, const PatchGrid::Tile& tile, const Slice& channels,
                     const float* zeros, float* to, int64_t plane);

// Whether the CPU's instruction rounds what is transformed before it is stored: the functions
// below.
bool rounds_transformed(Precision precision);
// All channels, two neighbours a pair.
void winograd_rounded_inputs(const Conv<float>& c, const PatchGrid::Tile& tile, const float* zeros,
                             float* to, int64_t plane);
// Pairs of `first`, planes kSlice apart, and what is transformed.
void winograd_joined_inputs(const Conv<float>& c, const PatchGrid::Tile& tile,
                            const Slice& channels, const float* zeros, const float* first,
                            float* to, int64_t plane);

// Whether it pays: 3 x 3 or 5 x 5 taps one pixel apart, whole vectors of channels, not too few of
// them.
bool suits_winograd(const Conv<float>& c);

int64_t winograd_scratch(const Conv<float>& c);
void winograd_conv(const Conv<float>& c, void* scratch);
int64_t winograd_gradient_scratch(const ConvGradient<float>& g);
void winograd_gradient(const ConvGradient<float>& g, void* scratch);

// C (+)= A B in each of `planes` planes: A at any strides, B in panels of whole vectors.
struct PlaneProducts {
  int64_t planes, m, n, k;
  const float* a;
  int64_t a_plane, a_row, a_col;
  const float* b;
  int64_t b_plane, b_row, b_panel;  // elements to the next plane, row and panel
  float* c;
  int64_t c_plane, ldc;
  bool add;
  Precision precision;  // other than kFull: A and B are pairs, k counts them
};
void multiply_planes(const PlaneProducts& p);

}  // namespace fastnn::FASTNN_ISA
