#include "simd/augment.h"

#include "base/parallel.h"
#include "simd/sample.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kLeastTasks = 4, kMostTasks = 64;
constexpr int64_t kScratch = 1 << 24;  // bytes, as long as there are more than the least tasks
constexpr double kCostOfSampling = 4, kCostOfField = 6, kCostOfRest = 1;  // ns per pixel

int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
int64_t whole_lines(int64_t numbers) { return (numbers + 15) / 16 * 16; }

template <class T>
Room room_of(const Augment& a) {
  Room room;
  int64_t h = a.height, w = a.width;
  room.image = whole_lines(a.channels * h * w);
  for (int i = 0; i < a.n_steps; ++i) {
    const ChangeStep& step = a.steps[i];
    const double pixels = static_cast<double>(h * w), numbers = pixels * a.channels;
    if (step.change == Change::kCrop) {
      const CropRange range = range_of<CropRange>(step);
      h = static_cast<int64_t>(range.height), w = static_cast<int64_t>(range.width);
      room.image = larger(room.image, whole_lines(a.channels * h * w));
    }
    if (step.change == Change::kAffine || step.change == Change::kElastic) {
      room.padded = larger(room.padded, whole_lines(a.channels * (h + kBorder) * (w + kBorder)));
      room.cost += numbers * kCostOfSampling;
    }
    if (step.change == Change::kElastic) {
      const double sigma = range_of<ElasticRange>(step).sigma;
      room.field = larger(room.field, whole_lines(FieldLayout<T>(h, w, sigma).scratch()));
      room.cost += pixels * kCostOfField;
    }
    room.cost += numbers * kCostOfRest;
  }
  return room;
}

// Samples per task, each of which has scratch of its own.
template <class T>
int64_t grain_of(const Augment& a, const Room& room) {
  const int64_t fit = kScratch / (room.all() * static_cast<int64_t>(sizeof(T)));
  const int64_t tasks = fit < kLeastTasks ? kLeastTasks : fit < kMostTasks ? fit : kMostTasks;
  return (a.n + tasks - 1) / tasks;
}

template <class T>
int64_t scratch_of(const Augment& a) {
  const Room room = room_of<T>(a);
  const int64_t grain = grain_of<T>(a, room), tasks = (a.n + grain - 1) / grain;
  return tasks * room.all() * static_cast<int64_t>(sizeof(T));
}

template <class T>
void run(const Augment& a) {
  const Room room = room_of<T>(a);
  const int64_t grain = grain_of<T>(a, room);
  const double cost = static_cast<double>(a.n) * room.cost;
  parallel_chunks(a.n, grain, cost, [&](int64_t begin, int64_t end) {
    T* scratch = static_cast<T*>(a.scratch) + begin / grain * room.all();
    for (int64_t i = begin; i < end; ++i) Sample<T>(a, room, scratch).run(i);
  });
}

}  // namespace

int64_t augment_scratch(const Augment& a) {
  if (a.n == 0) return 0;
  return a.dtype == DType::kFloat64 ? scratch_of<double>(a) : scratch_of<float>(a);
}

void augment(const Augment& a) {
  if (a.n == 0) return;
  return a.dtype == DType::kFloat64 ? run<double>(a) : run<float>(a);
}

}  // namespace fastnn::FASTNN_ISA
