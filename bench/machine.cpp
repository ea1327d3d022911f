#include "machine.h"

#include <omp.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "dispatch/isa.h"
#include "graph/arena.h"
#include "peak.h"

namespace fastnn {
#define FASTNN_ISA_ENTRY(name) \
  namespace name {             \
  extern const Peak peak;      \
  }
FASTNN_ISA_LIST
#undef FASTNN_ISA_ENTRY

namespace bench {
namespace {

const Peak* const kPeaks[] = {
#define FASTNN_ISA_ENTRY(name) &name::peak,
    FASTNN_ISA_LIST
#undef FASTNN_ISA_ENTRY
};

const Peak& peak() {
  for (const Peak* p : kPeaks)
    if (!std::strcmp(p->isa, table().isa)) return *p;
  return *kPeaks[0];
}

// GB/s of `pass(first, count)` over `floats` cut into equal parts of a thread each; `arrays`: how
// many it touches. Each thread's best of 5 by its own clock: where another process holds a core, a
// stretch of 0.4 ms on the wall would be all waiting.
template <class F>
double rate(int threads, int64_t floats, int arrays, const F& pass) {
  constexpr double kStretch = 0.4e-3 * 50e9;  // bytes, where arrays are small
  const int64_t part = floats / threads / 64 * 64;
  const double bytes = 4.0 * arrays * static_cast<double>(part);
  const int rounds = std::max(1, static_cast<int>(kStretch / bytes));
  double sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  for (int i = 0; i < 5; ++i) {
    const double start = cpu_seconds();
    for (int r = 0; r < rounds; ++r) pass(omp_get_thread_num() * part, part);
    sum = std::max(sum, rounds * bytes / (cpu_seconds() - start) / 1e9);
  }
  return sum;
}

}  // namespace

double fma_peak(bool f64) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {  // 5 times 60 us: the best is the core undisturbed
    const double start = seconds();
    const double flops = (f64 ? peak().flops_f64 : peak().flops_f32)(30000);
    best = std::max(best, flops / (seconds() - start) / 1e9);
  }
  return best;
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Bandwidth bandwidth(int threads, double bytes) {
  static Memory memory;  // kept: what is measured is not how fast the system hands out pages
  const int64_t n = static_cast<int64_t>(bytes) / 256 * 64;
  if (memory.bytes() < 12 * n) memory = Memory(12 * n);
  float* const a = reinterpret_cast<float*>(memory.data());
  float *const b = a + n, *const c = b + n;
  const Peak& run = peak();
  const double copy = rate(
      threads, n, 2, [=, &run](int64_t at, int64_t count) { run.copy(a + at, b + at, count); });
  const double triad = rate(threads, n, 3, [=, &run](int64_t at, int64_t count) {
    run.triad(a + at, b + at, c + at, count);
  });
  const double read = rate(threads, n, 1, [=, &run](int64_t at, int64_t count) {
    volatile float kept = run.read(a + at, count);
    static_cast<void>(kept);
  });
  return {copy, triad, read};
}

}  // namespace bench
}  // namespace fastnn
