// One benchmark's figures: time, and the share of what the machine could do at that moment.
#pragma once
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "base/parallel.h"
#include "cases.h"
#include "machine.h"

namespace fastnn::bench {

struct Footprint {
  const char* name;
  double bytes;  // of operands and results together
};
constexpr Footprint kFootprints[] = {{"L2", 256e3}, {"memory", 64e6}};

int threads();  // --threads, 1 by default

// Runs run() as often as the library asks, with threads kept ready as in a training step; seconds
// of one run. CPU time on one thread, where other processes do not count; else the time on the
// clock.
template <class F>
double time_runs(benchmark::State& state, const F& run) {
  const auto now = [] { return threads() > 1 ? seconds() : cpu_seconds(); };
  const double start = now();
  with_threads(1e9, [&] {
    for (auto _ : state) run();
  });
  return (now() - start) / static_cast<double>(state.iterations());
}

// GB/s counts each array once; of_peak is the share of the fastest pass of its kind over arrays
// that take as much room, before and after: an update where arrays change in place, reading alone
// where next to nothing is written, else copy or triad, whichever is faster.
template <class F>
void measure_bytes(benchmark::State& state, const Footprint& footprint, Bytes bytes, const F& run,
                   bool in_place = false) {
  const auto rate_of = [&](Traffic traffic) {
    return bandwidth(traffic, threads(), footprint.bytes);
  };
  const auto peak = [&] {
    if (in_place) return rate_of(Traffic::kUpdate);
    if (8 * bytes.written < bytes.read) return rate_of(Traffic::kRead);
    return std::max(rate_of(Traffic::kCopy), rate_of(Traffic::kTriad));
  };
  const double before = peak();
  const double rate = (bytes.read + bytes.written) / time_runs(state, run) / 1e9;
  state.counters["GB/s"] = rate;
  state.counters["of_peak"] = rate / ((before + peak()) / 2);
}

// The same for a product of `flops`, beside the FMA peak of all threads.
template <class F>
void measure_flops(benchmark::State& state, double flops, const F& run) {
  const double before = fma_peak(false);
  const double rate = flops / time_runs(state, run) / 1e9;
  state.counters["GFLOP/s"] = rate;
  state.counters["of_peak"] = rate / ((before + fma_peak(false)) / 2 * threads());
}

template <class F>
void add(const std::string& name, const F& run) {
  auto* entry = benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
  if (threads() > 1) entry->UseRealTime();
}

// What is not an op: optimisers, rows of a data set, passes over vectors, chance, handing out jobs.
// False, with a message, where an optimiser of the table has no case.
bool add_passes();

}  // namespace fastnn::bench
