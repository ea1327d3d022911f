// Winograd's filtering (winograd.h) of few channels by 5 x 5 kernels: too few to fill vectors, so
// lanes run over what there is enough of. Tiles are 2 x 2 outputs. Forward and for the weights that
// is filters, each input at the points is one number for all of them; an image's inputs are
// transformed along its rows, channel by channel as they lie. For the inputs' gradient, a
// convolution into few channels, it is images: sixteen of them are turned so that each number of an
// image is a vector.
#pragma once
#include "gemm/winograd.h"

namespace fastnn::FASTNN_ISA {

// Sums of a block at all points of a line take 32 registers, and lanes of images 16 of them.
constexpr bool kKnowsFew = kRegisters == 32 && kVectorBytes == 64;

bool suits_winograd_few(const Conv<float>& c);
int64_t winograd_few_scratch(const Conv<float>& c);
void winograd_few(const Conv<float>& c, void* scratch);
bool suits_winograd_few_gradient(const Conv<float>& c);
int64_t winograd_few_gradient_scratch(const ConvGradient<float>& g);
void winograd_few_gradient(const ConvGradient<float>& g, void* scratch);

// Into few channels, of many images.
bool suits_winograd_few_images(const Conv<float>& c);
int64_t winograd_few_images_scratch(const Conv<float>& c);
void winograd_few_images(const Conv<float>& c, void* scratch);

namespace few {

constexpr int64_t kMostChannels = 8;
constexpr int kSide = 2;  // of a tile
constexpr int kTaps = 5;  // of a kernel
constexpr int kReach = kTaps - 1;

// Bytes of a band, at most, with what it is made in: they stand on the stack, where each finds
// those of the one before in L1 and L2.
constexpr int64_t kBandBytes = 64 << 10;

// Whether the kernel is one of these, in memory row by row.
bool has_kernel(const Conv<float>& c);

// Inputs of a band of an image at the points: plane f = 6 i + j holds number `channel` of tile t at
// t * channels + channel.
struct Inputs {
  const Conv<float>& c;
  int64_t rows, columns;  // of tiles of an image
  int64_t line;           // elements of every second pixel of a row
  int64_t bands;          // of an image
  int64_t plane;          // elements from one to the next

  // Bands such that each, with `tile_bytes` of something else for each tile, stays in kBandBytes.
  Inputs(const Conv<float>& conv, int64_t tile_bytes);
  // Whether they can, and few channels, whole vectors of filters and tiles that are mostly inside.
  static bool fit(const Conv<float>& c, int64_t tile_bytes);

  int64_t size() const { return kPoints * plane; }  // elements
  int64_t most_rows() const { return up(rows, bands); }
  int64_t tiles() const { return most_rows() * columns; }  // of the largest band

  // A band by its number among those of all images.
  struct Band {
    int64_t image, row, rows;  // of tiles
  };
  Band operator()(int64_t band) const {
    const Cut row(rows, bands);
    const int64_t b = band % bands;
    return {band / bands, row(b), row(b + 1) - row(b)};
  }

  // `memory`, cleared once, is what it works in: rows of pixels, and six lines at the points.
  int64_t pixel_rows() const { return most_rows() * kSide + kReach; }
  int64_t memory() const { return (pixel_rows() + kPatch) * 2 * line; }
  void clear(float* memory) const { __builtin_memset(memory, 0, this->memory() * sizeof(float)); }
  void transform(const Band& band, float* memory, float* to) const;
};

using winograd::V;

constexpr double kKernelsCost = 70;  // ns of winograd_kernels

// Sums over k of numbers by vectors at the points of a line: sums[j * kCount + i] += value j of the
// line through first[k], second[k] by numbers[j * plane + k * step + i].
struct LineProducts {
  int64_t count;                // of k
  const float *first, *second;  // a vector for each k,
  int64_t next;                 // elements to the next
  const float* numbers;
  int64_t plane, step;
};

// A line of two coefficients at the points, without the factors of `values`.
struct Line {
  V at[kPatch];
  [[gnu::always_inline]] Line(V one, V two)
      : at{one,
           one + winograd::kA * two,
           one - winograd::kA * two,
           one + winograd::kB * two,
           one - winograd::kB * two,
           two} {}
};

// Sums of kMostOfBlock numbers and what they are made of are in registers.
constexpr int kMostOfBlock = 4;
template <int kCount>
[[gnu::always_inline]] static inline void add_products(const LineProducts& p,
                                                       V (&sum)[kPatch * kCount]) {
  const float *first = p.first, *second = p.second, *at = p.numbers;
  const int64_t plane = p.plane, plane3 = 3 * p.plane, plane5 = 5 * p.plane;
  for (int64_t k = 0; k < p.count; ++k, first += p.next, second += p.next, at += p.step) {
    const Line line(load(first), load(second));
    const float* const from[kPatch] = {at,          at + plane,     at + 2 * plane,
                                       at + plane3, at + 4 * plane, at + plane5};
#pragma GCC unroll 6
    for (int j = 0; j < kPatch; ++j)
#pragma GCC unroll 4
      for (int i = 0; i < kCount; ++i) sum[j * kCount + i] += line.at[j] * from[j][i];
  }
}

}  // namespace few
}  // namespace fastnn::FASTNN_ISA
