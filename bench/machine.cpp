#include "machine.h"

#include <omp.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "dispatch/isa.h"
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

// Each thread has an equal part and its best stretch counts, by its own clock: where another
// process holds a core, a stretch of 0.4 ms on the wall would be all waiting.
double bandwidth(Traffic traffic, int threads, double bytes) {
  constexpr double kStretch = 0.4e-3 * 50e9;  // bytes, where arrays are small
  static Memory memory;
  const int arrays = traffic == Traffic::kRead ? 1 : traffic == Traffic::kTriad ? 3 : 2;
  const int accesses = traffic == Traffic::kUpdate ? 3 : arrays;
  const int64_t part = static_cast<int64_t>(bytes / (4 * arrays * threads)) / 64 * 64;
  reserve(memory, 4 * arrays * threads * part);
  float* const all = reinterpret_cast<float*>(memory.data());
  const double moved = 4.0 * accesses * static_cast<double>(part);
  const int rounds = std::max(1, static_cast<int>(kStretch / moved));
  const Peak& run = peak();
  double sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  for (int i = 0; i < (rounds > 1 ? 5 : 3); ++i) {
    float* const a = all + omp_get_thread_num() * part;
    float *const b = a + threads * part, *const c = b + threads * part;
    const double start = cpu_seconds();
    for (int r = 0; r < rounds; ++r) {
      if (traffic == Traffic::kCopy) run.copy(a, b, part);
      if (traffic == Traffic::kTriad) run.triad(a, b, c, part);
      if (traffic == Traffic::kUpdate) run.triad(a, a, b, part);
      if (traffic == Traffic::kRead) {
        volatile float kept = run.read(a, part);
        static_cast<void>(kept);
      }
    }
    sum = std::max(sum, rounds * moved / (cpu_seconds() - start) / 1e9);
  }
  return sum;
}

}  // namespace bench
}  // namespace fastnn
