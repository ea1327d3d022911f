// What this machine can do, measured in the same run as the kernels.
#pragma once
#include <chrono>

namespace fastnn::bench {

struct Bandwidth {
  double copy, triad, read;  // GB/s, bytes read and bytes written counted once
};

// GFLOP/s of one core in chains of FMAs, for the instruction set in use. Measured anew at each call
// (0.3 ms): the clock of a shared machine drifts by 15% within seconds, and a share of the peak
// means the peak of that moment.
double fma_peak(bool f64);
// Of `threads` cores over arrays of `bytes` each, by the registers of the instruction set in use.
// Takes about 2 ms, or 5 passes over arrays too large for that.
Bandwidth bandwidth(int threads, double bytes);

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds();  // of this thread

}  // namespace fastnn::bench
