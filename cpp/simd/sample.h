// One sample on its way through the changes.
#pragma once
#include "simd/augment.h"
#include "simd/elastic.h"
#include "simd/pixels.h"
#include "simd/warp.h"

namespace fastnn::FASTNN_ISA {

template <class R>
static R range_of(const ChangeStep& step) {
  R range;
  __builtin_memcpy(&range, step.numbers, sizeof range);
  return range;
}

// Numbers that a sample needs on its way: two images, planes with borders, a field.
struct Room {
  int64_t image = 0, padded = 0, field = 0;
  double cost = 0;  // ns per sample
  int64_t all() const { return 2 * image + padded + field; }
};

template <class T>
class Sample {
 public:
  Sample(const Augment& a, const Room& room, T* scratch)
      : a_(a),
        h_(a.height),
        w_(a.width),
        now_(scratch),
        next_(now_ + room.image),
        padded_(next_ + room.image),
        field_(padded_ + room.padded) {}

  void run(int64_t number) {
    image_ = static_cast<const T*>(a_.src) + number * a_.channels * a_.height * a_.width;
    for (int i = 0; i < a_.n_steps; ++i) {
      const ChangeStep& step = a_.steps[i];
      const uint64_t at = counter_of(a_.epoch, a_.numbers[number]);
      const Chance chance{{a_.seed, step.stream}, at};
      settle(step);
      if (chance.uniform(0) < step.p) change(step, chance);
    }
    sample_pending();
    const int64_t size = a_.channels * a_.out_height * a_.out_width;
    __builtin_memcpy(static_cast<T*>(a_.dst) + number * size, image_, size * sizeof(T));
  }

 private:
  // A map waits for the next change only where that samples too and agrees on what lies outside:
  // what is done at once depends on the list alone, not on chance.
  void settle(const ChangeStep& step) {
    bool edge = false;
    double fill = 0;
    if (step.change == Change::kAffine) {
      const AffineRange range = range_of<AffineRange>(step);
      edge = range.edge != 0, fill = range.fill;
    } else if (step.change == Change::kElastic) {
      const ElasticRange range = range_of<ElasticRange>(step);
      edge = range.edge != 0, fill = range.fill;
    } else {
      return sample_pending();
    }
    if (edge != edge_ || (!edge && fill != fill_)) sample_pending();
    edge_ = edge;
    fill_ = fill;
  }

  void change(const ChangeStep& step, const Chance& chance) {
    const int64_t size = a_.channels * h_ * w_;
    switch (step.change) {
      case Change::kAffine:
        return affine(range_of<AffineRange>(step), chance);
      case Change::kElastic:
        return elastic(range_of<ElasticRange>(step), chance);
      case Change::kCrop:
        return cropped(range_of<CropRange>(step), chance);
      case Change::kFlip:
        flip(image_, a_.channels, h_, w_, range_of<FlipRange>(step).vertical != 0, next_);
        return turn();
      case Change::kColor: {
        const ColorRange range = range_of<ColorRange>(step);
        const double shift = chance.within(2, range.brightness);
        return color(own(), size, 1 + chance.within(3, range.contrast), shift);
      }
      case Change::kPca:
        return pca_color(own(), h_ * w_, range_of<PcaRange>(step), chance);
      case Change::kNoise:
        return add_normal(chance, size, static_cast<T>(range_of<NoiseRange>(step).std), own());
      default:
        return cutout(own(), a_.channels, h_, w_, range_of<CutoutRange>(step), chance);
    }
  }

  void affine(const AffineRange& range, const Chance& chance) {
    const Map map = affine_map(range, chance);
    map_ = pending_ ? composed(map_, map) : map;
    pending_ = true;
  }

  void elastic(const ElasticRange& range, const Chance& chance) {
    const FieldLayout<T> layout(h_, w_, range.sigma);
    const T* dy = elastic_field(layout, range.alpha, range.sigma, chance, field_);
    sample(dy, dy + layout.plane(), layout.stride);
  }

  void sample_pending() {
    if (pending_) sample(nullptr, nullptr, 0);
  }

  void sample(const T* dy, const T* dx, int64_t stride) {
    warp(image_, now_, a_.channels, h_, w_, map_, edge_, static_cast<T>(fill_), dy, dx, stride,
         padded_);
    image_ = now_;
    map_ = Map();
    pending_ = false;
  }

  void cropped(const CropRange& range, const Chance& chance) {
    const int64_t height = static_cast<int64_t>(range.height);
    const int64_t width = static_cast<int64_t>(range.width);
    const int64_t padding = static_cast<int64_t>(range.padding);
    const int64_t down = h_ + 2 * padding - height, right = w_ + 2 * padding - width;
    const bool centered = range.centered != 0;
    const int64_t top = centered ? down / 2 : chance.below(2, down + 1);
    const int64_t left = centered ? right / 2 : chance.below(3, right + 1);
    crop(image_, a_.channels, h_, w_, range, top - padding, left - padding, next_);
    turn();
    h_ = height;
    w_ = width;
  }

  // The image's own memory: what a sample begins with belongs to others.
  T* own() {
    if (image_ != now_) __builtin_memcpy(now_, image_, a_.channels * h_ * w_ * sizeof(T));
    image_ = now_;
    return now_;
  }

  // What was written to next_ is the image.
  void turn() {
    T* before = now_;
    image_ = now_ = next_;
    next_ = before;
  }

  const Augment& a_;
  int64_t h_, w_;
  const T* image_ = nullptr;
  T *now_, *next_, *padded_, *field_;
  Map map_;
  bool pending_ = false;  // a map that the image was not yet sampled by
  bool edge_ = false;
  double fill_ = 0;
};

}  // namespace fastnn::FASTNN_ISA
