// 12 independent chains of multiply-adds on registers: enough for a latency of 4 at 2 per cycle.
// Passes over memory are four registers wide a round, and the compiler is told of no pattern: it
// would call memcpy, whose stores go past the cache where those of a kernel do not.
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

constexpr int kWide = 4;
constexpr int64_t kRound = kWide * kLanes<float>;

void copy(float* a, const float* b, int64_t n) {
  for (int64_t i = 0; i < n; i += kRound) {
#pragma GCC unroll 4
    for (int j = 0; j < kWide; ++j)
      store(a + i + j * kLanes<float>, load(b + i + j * kLanes<float>));
    asm volatile("" ::: "memory");
  }
}

void triad(float* a, const float* b, const float* c, int64_t n) {
  const Vector<float> s = fill(3.0f);
  for (int64_t i = 0; i < n; i += kRound) {
#pragma GCC unroll 4
    for (int j = 0; j < kWide; ++j) {
      const int64_t at = i + j * kLanes<float>;
      store(a + at, load(b + at) + s * load(c + at));
    }
    asm volatile("" ::: "memory");
  }
}

float read(const float* a, int64_t n) {
  Vector<float> sum[kWide] = {};
  for (int64_t i = 0; i < n; i += kRound)
#pragma GCC unroll 4
    for (int j = 0; j < kWide; ++j) sum[j] += load(a + i + j * kLanes<float>);
  const Vector<float> all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  return all[0];
}

}  // namespace
extern const Peak peak;
const Peak peak{FASTNN_TEXT(FASTNN_ISA), chains<float>, chains<double>, copy, triad, read};
}  // namespace fastnn::FASTNN_ISA
