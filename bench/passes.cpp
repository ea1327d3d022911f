// Cases of what is not an op.
#include <atomic>
#include <cstdio>
#include <thread>

#include "base/parallel.h"
#include "base/random.h"
#include "dispatch/isa.h"
#include "graph/arena.h"
#include "graph/hyper.h"
#include "measure.h"

namespace fastnn::bench {
namespace {

struct OptimizerCase {
  const char* name;  // the optimiser, or <optimiser>.<variant>
  std::vector<NamedHyper> hyper;
  double l2 = 0;
};

const OptimizerCase kOptimizers[] = {
    {"adagrad", {}},
    {"adam", {}},
    {"adamw", {}},
    {"rmsprop", {}},
    {"rmsprop.momentum", {{"momentum", 0.9}}},
    {"sgd", {}},
    {"sgd.momentum", {{"momentum", 0.9}}},
    {"sgd.l2", {}, 1e-4},
};

struct RowsCase {
  const char* name;
  DType src, dst;
  double scale = 1;
  int64_t width = 784;
  bool largest = false;  // |dst| is asked for, too
};

const RowsCase kRows[] = {
    {"float32", DType::kFloat32, DType::kFloat32},
    {"float32.largest", DType::kFloat32, DType::kFloat32, 1, 784, true},
    {"float32.scaled", DType::kFloat32, DType::kFloat32, 0.5},
    {"float64", DType::kFloat64, DType::kFloat32},
    {"int64", DType::kInt64, DType::kFloat32},
    {"uint8", DType::kUint8, DType::kFloat32, 1 / 255.0},
    {"float32.narrow", DType::kFloat32, DType::kFloat32, 1, 8},
    {"labels.int64", DType::kInt64, DType::kInt64, 1, 1},
    {"labels.uint8", DType::kUint8, DType::kInt64, 1, 1},
};

// One block for all passes, one at a time.
char* memory_of(int64_t bytes) {
  static Memory memory;
  reserve(memory, bytes);
  return memory.data();
}

void optimise(benchmark::State& state, const OptimizerCase& given, const Footprint& footprint) {
  const std::string name = std::string(given.name).substr(0, std::string(given.name).find('.'));
  const Optimizer& optimizer = find_optimizer(name.c_str(), table());
  Update u{};
  set_hyper(optimizer, given.hyper, u.hyper);
  const int states = optimizer.states(u.hyper);
  u.n = static_cast<int64_t>(footprint.bytes / (4 * (2 + states))) / 16 * 16;
  float* at = reinterpret_cast<float*>(memory_of(4 * u.n * (2 + states)));
  for (int64_t i = 0; i < 2 * u.n; ++i) at[i] = static_cast<float>(i % 1021 - 510) / 511;
  std::fill(at + 2 * u.n, at + (2 + states) * u.n, 0.0f);
  u.theta = at;
  u.grad = at + u.n;
  for (int i = 0; i < states; ++i) u.state[i] = at + (2 + i) * u.n;
  u.lr = 1e-6;  // theta stays about where it is
  u.l2 = given.l2;
  u.grad_scale = 1;
  const double array = 4.0 * static_cast<double>(u.n);
  const auto run = [&] {
    ++u.step;
    optimizer.update[0](u);
  };
  measure_bytes(state, footprint, {array * (2 + states), array * (1 + states)}, run, true);
}

void gather(benchmark::State& state, const RowsCase& given, const Footprint& footprint) {
  const int64_t from = size_of(given.src) * given.width, to = size_of(given.dst) * given.width;
  const int64_t n = static_cast<int64_t>(footprint.bytes) / (from + to + 8);
  char* at = memory_of(n * (from + to + 8) + 128);
  auto* order = reinterpret_cast<int64_t*>(at);
  random_permutation({1}, 0, n, order);
  char* src = at + (8 * n + 63) / 64 * 64;
  double largest;
  const Rows rows{src,         given.src,
                  given.width, order,
                  n,           given.scale,
                  0,           src + (from * n + 63) / 64 * 64,
                  given.dst,   given.largest ? &largest : nullptr};
  std::fill(src, src + from * n, 63);  // 0.75 as float32
  const double count = static_cast<double>(n);
  measure_bytes(state, footprint,
                {count * static_cast<double>(from + 8), count * static_cast<double>(to)},
                [&] { table().gather_rows(rows); });
}

enum class Pass { kSumOfSquares, kAllFinite, kLargest, kMaxNorm };

void vectors(benchmark::State& state, Pass pass, const Footprint& footprint) {
  constexpr int64_t kColumns = 512;
  const int64_t rows = static_cast<int64_t>(footprint.bytes) / (4 * kColumns), n = rows * kColumns;
  float* x = reinterpret_cast<float*>(memory_of(4 * n));
  for (int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 1021 - 510) / 511;
  const VectorKernels& kernels = *table().vectors;
  measure_bytes(state, footprint, {4.0 * static_cast<double>(n), 0}, [&] {
    if (pass == Pass::kSumOfSquares)
      benchmark::DoNotOptimize(kernels.sum_of_squares[0](x, n));
    else if (pass == Pass::kAllFinite)
      benchmark::DoNotOptimize(kernels.all_finite[0](x, n));
    else if (pass == Pass::kLargest)
      benchmark::DoNotOptimize(kernels.largest[0](x, n));
    else
      kernels.max_norm[0](x, rows, kColumns, 1e3);  // no row is above the limit
  });
}

template <class T, class Draw>
void chance(benchmark::State& state, const Footprint& footprint, Draw draw) {
  const int64_t n = static_cast<int64_t>(footprint.bytes) / 8;
  T* out = reinterpret_cast<T*>(memory_of(8 * n));
  uint64_t step = 0;
  measure_bytes(state, footprint, {0, 8.0 * static_cast<double>(n)},
                [&] { draw(RandomKey{1, 2}, step++, n, out); });
}

// An empty job of `tasks` tasks, in a team that is ready or with one formed for it. `cost` decides
// who gets it: where it is 0 the caller keeps it.
void hand_out(benchmark::State& state, int64_t tasks, double cost, bool in_team) {
  const auto run = [&] {
    for (auto _ : state) parallel(tasks, cost, [](int64_t i) { benchmark::DoNotOptimize(i); });
  };
  set_thread_count(std::max(2, threads()));
  if (in_team)
    with_threads(1e9, run);
  else
    run();
  set_thread_count(threads());
}

void add_hand_out() {
  constexpr double kWorth = 1e6;  // ns: pays for a second thread, and is no long job
  const auto add_one = [](const char* name, int64_t tasks, double cost, bool in_team) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& state) {
      hand_out(state, tasks, cost, in_team);
    })->UseRealTime();
  };
  add_one("hand_out/own/16", 16, 0, false);
  add_one("hand_out/team/2", 2, kWorth, true);
  add_one("hand_out/team/16", 16, kWorth, true);
  add_one("hand_out/region/16", 16, kWorth, false);
}

// A cache line's way to another core and back: what a job's hand-out, and data that another core
// wrote, wait for. On a virtual machine of an AMD EPYC it is 55 ns at times and 320 at others: by
// that figure its two cores share L3, or do not.
void round_trip(benchmark::State& state) {
  alignas(64) std::atomic<int64_t> line{0};
  constexpr int64_t kEnd = -1;
  std::thread other([&] {
    for (int64_t last = 0, now; (now = line.load(std::memory_order_acquire)) != kEnd;)
      if (now != last) line.store(last = now + 1, std::memory_order_release);
  });
  int64_t sent = 0;
  for (auto _ : state) {
    line.store(++sent, std::memory_order_release);
    ++sent;
    while (line.load(std::memory_order_acquire) != sent) {
    }
  }
  line.store(kEnd, std::memory_order_release);
  other.join();
}

}  // namespace

bool add_passes() {
  bool complete = true;
  for (int i = 0; i < table().n_optimizers; ++i) {
    const std::string name = table().optimizers[i]->name;
    bool found = false;
    for (const OptimizerCase& given : kOptimizers) found |= given.name == name;
    complete &= found;
    if (!found)
      std::fprintf(stderr,
                   "ops_bench: optimiser %s must have a case in bench/passes.cpp, got none\n",
                   name.c_str());
  }
  for (const Footprint& footprint : kFootprints) {
    const std::string size = footprint.name;
    for (const OptimizerCase& given : kOptimizers)
      add(std::string(given.name) + "/update/" + size,
          [&](benchmark::State& s) { optimise(s, given, footprint); });
    for (const RowsCase& given : kRows)
      add(std::string("gather_rows.") + given.name + "/forward/" + size,
          [&](benchmark::State& s) { gather(s, given, footprint); });
    const std::pair<const char*, Pass> passes[] = {{"sum_of_squares", Pass::kSumOfSquares},
                                                   {"all_finite", Pass::kAllFinite},
                                                   {"largest", Pass::kLargest},
                                                   {"max_norm", Pass::kMaxNorm}};
    for (const auto& [name, pass] : passes)
      add(std::string(name) + "/pass/" + size,
          [=, pass = pass, &footprint](benchmark::State& s) { vectors(s, pass, footprint); });
    add("random_uniform/draw/" + size, [&](benchmark::State& s) {
      chance<double>(s, footprint, [](RandomKey key, uint64_t step, int64_t n, double* out) {
        random_uniform(key, step, 0, n, out);
      });
    });
    add("random_normal/draw/" + size, [&](benchmark::State& s) {
      chance<double>(s, footprint, [](RandomKey key, uint64_t step, int64_t n, double* out) {
        random_normal(key, step, 0, n, out);
      });
    });
    add("random_permutation/draw/" + size,
        [&](benchmark::State& s) { chance<int64_t>(s, footprint, random_permutation); });
  }
  add_hand_out();
  benchmark::RegisterBenchmark("round_trip/line", round_trip)->UseRealTime();
  return complete;
}

}  // namespace fastnn::bench
