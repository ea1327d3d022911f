#include "machine.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

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

}  // namespace

double fma_peak(bool f64) {
  static std::map<std::pair<const Peak*, bool>, double> known;
  const Peak* peak = kPeaks[0];
  for (const Peak* p : kPeaks)
    if (!std::strcmp(p->isa, table().isa)) peak = p;
  double& best = known[{peak, f64}];
  for (int i = 0; best == 0 || i < 20; ++i) {  // 20 times 0.5 ms: the best is the core undisturbed
    const double start = seconds();
    const double flops = (f64 ? peak->flops_f64 : peak->flops_f32)(300000);
    best = std::max(best, flops / (seconds() - start) / 1e9);
    if (known.size() > 8) break;
  }
  return best;
}

Bandwidth bandwidth(int threads, double bytes) {
  const int64_t n = static_cast<int64_t>(bytes / sizeof(float));
  std::vector<float> a(n, 1), b(n, 2), c(n, 3);
  Bandwidth best{};
  for (int round = 0; round < 10; ++round) {
    double start = seconds();
#pragma omp parallel for simd num_threads(threads) schedule(static)
    for (int64_t i = 0; i < n; ++i) a[i] = b[i];
    best.copy = std::max(best.copy, 2 * bytes / (seconds() - start) / 1e9);
    start = seconds();
#pragma omp parallel for simd num_threads(threads) schedule(static)
    for (int64_t i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
    best.triad = std::max(best.triad, 3 * bytes / (seconds() - start) / 1e9);
  }
  return best;
}

}  // namespace bench
}  // namespace fastnn
