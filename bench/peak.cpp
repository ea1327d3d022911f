// 12 independent chains of multiply-adds on registers: enough for a latency of 4 at 2 per cycle.
#include "peak.h"

#include "gemm/vector.h"
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int kChains = 12;

template <class T>
double chains(int64_t rounds) {
  Vector<T> acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = fill<T>(T(i));
  Vector<T> a = fill<T>(T(0.5)), b = fill<T>(T(1));
  asm volatile("" : "+m"(a), "+m"(b));  // not known to the compiler
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) acc[i] = acc[i] * a + b;
  for (int i = 0; i < kChains; ++i) asm volatile("" : "+m"(acc[i]));
  return 2.0 * kLanes<T> * kChains * static_cast<double>(rounds);
}

}  // namespace
extern const Peak peak;
const Peak peak{FASTNN_TEXT(FASTNN_ISA), chains<float>, chains<double>};
}  // namespace fastnn::FASTNN_ISA
