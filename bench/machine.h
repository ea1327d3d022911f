// What this machine can do, measured in the same run as the kernels.
#pragma once
#include <chrono>
#include <cstring>

#include "graph/arena.h"

namespace fastnn::bench {

// Passes over memory, bytes read and bytes written counted once:
//   a = b,  a = b + 3 c,  sum a,  a = a + 3 b (no line is fetched only to be overwritten)
enum class Traffic { kCopy, kTriad, kRead, kUpdate };

// GFLOP/s of one core in chains of FMAs, for the instruction set in use. Measured anew at each call
// (0.3 ms): the clock of a shared machine drifts by 15% within seconds, and a share of the peak
// means the peak of that moment.
double fma_peak(bool f64);
// GB/s of `threads` cores over arrays of `bytes` in all, by the registers of the instruction set in
// use. Takes 2 ms, or 3 passes over arrays too large for that.
double bandwidth(Traffic traffic, int threads, double bytes);

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds();  // of this thread

// Makes it hold so many bytes, whose pages are there: what is measured is not how fast the system
// hands them out, nor how fast it is to read one page of zeros again and again.
inline void reserve(Memory& memory, int64_t bytes) {
  if (memory.bytes() >= bytes) return;
  memory = Memory(bytes);
  std::memset(memory.data(), 1, static_cast<size_t>(bytes));
}

}  // namespace fastnn::bench
