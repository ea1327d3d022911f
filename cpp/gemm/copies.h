// Sums that tasks took by themselves.
#pragma once
#include "base/parallel.h"

namespace fastnn::FASTNN_ISA {

// All copies of `count` numbers into the first, in their order; `bytes` from one to the next.
template <class T>
static void add_copies(T* sum, int64_t count, int64_t copies, int64_t bytes) {
  constexpr int64_t kGrain = 1024;
  if (copies == 1) return;
  parallel_chunks(count, kGrain, double(count) * copies * 0.08, [=](int64_t begin, int64_t end) {
    for (int64_t s = 1; s < copies; ++s) {
      const T* const more = sum + s * bytes / static_cast<int64_t>(sizeof(T));
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) sum[i] += more[i];
    }
  });
}

}  // namespace fastnn::FASTNN_ISA
