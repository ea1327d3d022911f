// Random changes of images, one after the other on each sample of a batch.
//
// The chance of a change is Philox at (seed, the change's stream, epoch and sample number): an
// image comes out the same whatever the batch it is in, the order, or the thread that makes it.
#pragma once
#include "base/shape.h"

namespace fastnn {

enum class Change : int32_t { kAffine, kElastic, kCrop, kFlip, kColor, kPca, kNoise, kCutout };

// What a change is drawn from. Angles are radians; `edge` != 0 continues an image by its outermost
// pixels, else what lies outside has the value `fill`. Neighbouring kAffine, and a kElastic after
// them with the same outside, sample the image once.
struct AffineRange {  // y' = c + t + R S Z (y - c): squeeze and zoom Z, shear S, rotation R
  double shift_y, shift_x, rotate, zoom_low, zoom_high, squeeze, shear, fill, edge;
};
struct ElasticRange {  // image at p + alpha d(p): noise d in [-1, 1] smoothed by a Gaussian
  double alpha, sigma, fill, edge;
};
struct CropRange {  // a height x width part of the image with `padding` around
  double height, width, padding, centered, fill, edge;
};
struct FlipRange {
  double vertical;
};
struct ColorRange {  // m + (1 + u contrast) (x - m) + v brightness, m the image's mean
  double brightness, contrast;
};
struct PcaRange {  // channel i gains sum_j of axes[3 i + j] times a normal number
  double axes[9];
};
struct NoiseRange {
  double std;
};
struct CutoutRange {  // a rectangle whose centre lies inside
  double height, width, fill;
};

constexpr int kChangeNumbers = 9;
static inline int numbers_of(Change change) {  // of its range
  constexpr int kCounts[] = {9, 4, 6, 1, 2, 9, 1, 3};
  return kCounts[static_cast<int>(change)];
}

// Epoch and sample number as one counter: numbers are below 2^40.
constexpr int kEpochShift = 40;
static inline uint64_t counter_of(uint64_t epoch, int64_t number) {
  return (epoch << kEpochShift) + static_cast<uint64_t>(number);
}

struct ChangeStep {
  Change change;
  uint32_t stream;
  double p;                        // that a sample is changed
  double numbers[kChangeNumbers];  // the range's
};

struct Augment {
  const void* src;  // (n, channels, height, width), float32 or float64
  void* dst;        // (n, channels, out_height, out_width) of the same dtype
  DType dtype;
  int64_t n, channels, height, width, out_height, out_width;
  const int64_t* numbers;  // of the samples, for counter_of()
  uint64_t seed, epoch;
  const ChangeStep* steps;
  int n_steps;
  void* scratch;  // augment_scratch() bytes
};

namespace FASTNN_ISA {

int64_t augment_scratch(const Augment& a);

// Threads over samples. Never allocates, never fails.
void augment(const Augment& a);

}  // namespace FASTNN_ISA
}  // namespace fastnn
