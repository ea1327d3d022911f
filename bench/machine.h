// What this machine can do, measured in the same run as the kernels.
#pragma once
#include <chrono>

namespace fastnn::bench {

struct Bandwidth {
  double copy, triad;  // GB/s, bytes read and bytes written counted once
};

// GFLOP/s of one core in chains of FMAs, for the instruction set in use. Measured anew at each call
// (0.3 ms): the clock of a shared machine drifts by 15% within seconds, and a share of the peak
// means the peak of that moment.
double fma_peak(bool f64);
// Of `threads` cores over arrays of `bytes` each.
Bandwidth bandwidth(int threads, double bytes);

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace fastnn::bench
