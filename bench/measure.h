// One benchmark's figures: time, and the share of what the machine could do at that moment.
#pragma once
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "cases.h"
#include "machine.h"

namespace fastnn::bench {

struct Footprint {
  const char* name;
  double bytes;  // of operands and results together
};
constexpr Footprint kFootprints[] = {{"L2", 256e3}, {"memory", 64e6}};

int threads();  // --threads, 1 by default

// Runs run() as often as the library asks. GB/s counts each array once; of_peak is the share of the
// fastest pass of its kind at the footprint, before and after: of reading alone where next to
// nothing is written, else of copy or triad, whichever is faster.
template <class F>
void measure_bytes(benchmark::State& state, const Footprint& footprint, Bytes bytes, const F& run) {
  const auto peak = [&] {
    const Bandwidth b = bandwidth(threads(), footprint.bytes / 3);
    return 8 * bytes.written < bytes.read ? b.read : std::max(b.copy, b.triad);
  };
  const double before = peak();
  for (auto _ : state) run();
  const double moved = (bytes.read + bytes.written) * static_cast<double>(state.iterations()) / 1e9;
  using benchmark::Counter;
  state.counters["GB/s"] = Counter(moved, Counter::kIsRate);
  state.counters["of_peak"] = Counter(moved / ((before + peak()) / 2), Counter::kIsRate);
}

// The same for a product of `flops`, beside the FMA peak of all threads.
template <class F>
void measure_flops(benchmark::State& state, double flops, const F& run) {
  const double before = fma_peak(false);
  for (auto _ : state) run();
  const double done = flops * static_cast<double>(state.iterations()) / 1e9;
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(done, Counter::kIsRate);
  state.counters["of_peak"] =
      Counter(done / ((before + fma_peak(false)) / 2 * threads()), Counter::kIsRate);
}

// CPU time on one thread, where other processes do not count; else the time on the clock.
template <class F>
void add(const std::string& name, const F& run) {
  auto* entry = benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
  if (threads() > 1) entry->UseRealTime();
}

// What is not an op: optimisers, rows of a data set, passes over vectors, chance, handing out jobs.
// False, with a message, where an optimiser of the table has no case.
bool add_passes();

}  // namespace fastnn::bench
