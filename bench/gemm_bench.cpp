// GEMM in GFLOP/s and as a share of the FMA peak of the cores used, beside the rivals of this
// machine.
//   gemm_bench --benchmark_filter='gemm/f32/t1/square' --benchmark_repetitions=9
//              --benchmark_enable_random_interleaving=true --benchmark_out=gemm.json
// bench/gemm_table.py prints the JSON as a table. Names:
// gemm/<dtype>/t<threads>/<list>/<m>x<n>x<k><layout>/<who>, layout NN, NT (B stored (n, k), a dense
// layer), TN (A stored (k, m), its weight gradient).
#include <benchmark/benchmark.h>

#include <string>

#include "base/parallel.h"
#include "dispatch/isa.h"
#include "machine.h"
#include "rivals.h"

namespace fastnn::bench {
namespace {

struct Problem {
  const char* list;
  int64_t m, n, k;
  const char* layout;
};

const Problem kProblems[] = {
    {"tiny", 10, 30, 784, "NT"},        {"tiny", 10, 10, 30, "NT"},
    {"tiny", 30, 784, 10, "TN"},        {"tiny", 10, 30, 10, "NN"},
    {"tiny", 10, 30, 10, "TN"},         {"row", 1, 30, 784, "NT"},
    {"row", 1, 10, 30, "NT"},           {"row", 1, 512, 512, "NN"},
    {"row", 512, 1, 512, "NN"},         {"mlp128", 128, 512, 784, "NT"},
    {"mlp128", 128, 512, 512, "NT"},    {"mlp128", 128, 10, 512, "NT"},
    {"mlp128", 512, 784, 128, "TN"},    {"mlp128", 512, 512, 128, "TN"},
    {"mlp128", 10, 512, 128, "TN"},     {"mlp128", 128, 512, 512, "NN"},
    {"mlp128", 128, 512, 10, "NN"},     {"mlp1024", 1024, 512, 784, "NT"},
    {"mlp1024", 1024, 512, 512, "NT"},  {"mlp1024", 1024, 10, 512, "NT"},
    {"mlp1024", 512, 784, 1024, "TN"},  {"mlp1024", 512, 512, 1024, "TN"},
    {"mlp1024", 10, 512, 1024, "TN"},   {"mlp1024", 1024, 512, 512, "NN"},
    {"mlp1024", 1024, 512, 10, "NN"},   {"skinny", 10, 30, 784, "NN"},
    {"skinny", 10, 30, 784, "NT"},      {"skinny", 128, 10, 512, "NN"},
    {"skinny", 128, 10, 512, "NT"},     {"skinny", 64, 120, 400, "NN"},
    {"skinny", 64, 120, 400, "NT"},     {"skinny", 6, 784, 25, "NN"},
    {"skinny", 6, 784, 25, "NT"},       {"square", 512, 512, 512, "NN"},
    {"square", 1024, 1024, 1024, "NN"}, {"square", 2048, 2048, 2048, "NN"},
    {"square", 512, 512, 512, "NT"},    {"square", 1024, 1024, 1024, "NT"},
    {"square", 1024, 1024, 1024, "TN"}, {"few", 1, 4096, 9216, "NT"},
    {"few", 4, 4096, 4096, "NT"},       {"few", 4, 4096, 4096, "NN"},
    {"few", 16, 4096, 9216, "NT"},      {"few", 16, 9216, 4096, "NN"},
    {"few", 4096, 9216, 16, "TN"},      {"few", 32, 4096, 4096, "NT"},
    {"few", 32, 4096, 4096, "NN"},
};

// Numbers in [-1, 1), in memory as a model's and a large array of NumPy's are: on huge pages where
// the system grants them. On small ones products of 1024 and 2048 cubed are 1 to 3% slower.
template <class T>
class Array {
 public:
  explicit Array(int64_t n) : memory_(n * static_cast<int64_t>(sizeof(T))) {
    uint32_t state = 1;
    for (int64_t i = 0; i < n; ++i)
      data()[i] = static_cast<T>(int32_t(state = state * 1664525u + 1013904223u)) / T(1u << 31);
  }
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }

 private:
  Memory memory_;
};

void run_fastnn(const Gemm<float>& g, void* scratch) { table().gemm_f32.run(g, scratch); }
void run_fastnn(const Gemm<double>& g, void* scratch) { table().gemm_f64.run(g, scratch); }
int64_t scratch_of(const Gemm<float>& g) { return table().gemm_f32.scratch(g); }
int64_t scratch_of(const Gemm<double>& g) { return table().gemm_f64.scratch(g); }
auto run_of(const Rival& r, float) { return r.f32; }
auto run_of(const Rival& r, double) { return r.f64; }

template <class T>
void measure(benchmark::State& state, const Problem& p, int threads, const Rival* rival) {
  const bool a_t = p.layout[0] == 'T', b_t = p.layout[1] == 'T';
  const Array<T> a(p.m * p.k), b(p.k * p.n), c(p.m * p.n);
  const double before = fma_peak(sizeof(T) == 8);
  if (rival) {
    rival->set_threads(threads);
    for (auto _ : state) run_of(*rival, T())(p.m, p.n, p.k, a.data(), a_t, b.data(), b_t, c.data());
  } else {
    set_thread_count(threads);
    const Gemm<T> g{p.m,           p.n,           p.k,      a.data(),
                    a_t ? 1 : p.k, a_t ? p.m : 1, b.data(), b_t ? 1 : p.n,
                    b_t ? p.k : 1, c.data(),      p.n};
    const Array<T> scratch(scratch_of(g) / sizeof(T) + 16);
    for (auto _ : state) run_fastnn(g, scratch.data());
  }
  const double flops = 2.0 * p.m * p.n * p.k * static_cast<double>(state.iterations());
  const double peak = (before + fma_peak(sizeof(T) == 8)) / 2 * 1e9 * threads;
  state.counters["GFLOP/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(flops / peak, benchmark::Counter::kIsRate);
}

template <class T>
void add(const Problem& p, int threads, const char* dtype) {
  const std::string name = std::string("gemm/") + dtype + "/t" + std::to_string(threads) + "/" +
                           p.list + "/" + std::to_string(p.m) + "x" + std::to_string(p.n) + "x" +
                           std::to_string(p.k) + p.layout;
  const auto add_one = [&](const char* who, const Rival* rival) {
    auto* entry = benchmark::RegisterBenchmark(
        (name + "/" + who).c_str(), [=](benchmark::State& s) { measure<T>(s, p, threads, rival); });
    entry->Unit(benchmark::kMicrosecond);
    if (threads > 1) entry->UseRealTime();  // else CPU time: other processes do not count
  };
  add_one("fastnn", nullptr);
  for (const Rival& r : rivals())
    if (run_of(r, T())) add_one(r.name, &r);
}

void add_machine() {
  for (const bool f64 : {false, true})
    benchmark::RegisterBenchmark(f64 ? "machine/fma_peak/f64" : "machine/fma_peak/f32",
                                 [=](benchmark::State& s) {
                                   for (auto _ : s) benchmark::DoNotOptimize(fma_peak(f64));
                                   s.counters["GFLOP/s"] = fma_peak(f64);
                                 })
        ->Iterations(1);
  for (const int threads : {1, 2})
    benchmark::RegisterBenchmark(("machine/bandwidth/t" + std::to_string(threads)).c_str(),
                                 [=](benchmark::State& s) {
                                   for (auto _ : s) benchmark::DoNotOptimize(threads);
                                   const auto of = [=](Traffic t) {
                                     return bandwidth(t, threads, 384e6);
                                   };
                                   s.counters["copy GB/s"] = of(Traffic::kCopy);
                                   s.counters["triad GB/s"] = of(Traffic::kTriad);
                                   s.counters["read GB/s"] = of(Traffic::kRead);
                                 })
        ->Iterations(1);
}

}  // namespace
}  // namespace fastnn::bench

int main(int argc, char** argv) {
  using namespace fastnn::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("isa", fastnn::table().isa);
  add_machine();
  for (const Problem& p : kProblems)
    for (const int threads : {1, 2}) {
      add<float>(p, threads, "f32");
      add<double>(p, threads, "f64");
    }
  benchmark::RunSpecifiedBenchmarks();
}
