#include "simd/mix.h"

#include "base/parallel.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kGrain = 16384;  // elements per task
constexpr double kCost = 0.3;      // ns per element

template <class T>
void mix(const Mix& m) {
  const int64_t width = m.row_elements, grain = width < kGrain ? kGrain / width : 1;
  const double cost = static_cast<double>(m.n * width) * kCost;
  parallel_chunks(m.n, grain, cost, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      T* x = static_cast<T*>(m.x) + r * width;
      const T* z = static_cast<const T*>(m.z) + r * width;
      const T a = static_cast<T>(m.weights[r]), b = static_cast<T>(1 - m.weights[r]);
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) x[i] = a * x[i] + b * z[i];
    }
  });
}

}  // namespace

void mix_rows(const Mix& m) {
  if (m.n * m.row_elements == 0) return;
  return m.dtype == DType::kFloat64 ? mix<double>(m) : mix<float>(m);
}

}  // namespace fastnn::FASTNN_ISA
