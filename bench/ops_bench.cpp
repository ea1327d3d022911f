// Every kernel but GEMM: ops forward and backward, optimisers, gathering rows, chance, hand-out.
//   ops_bench --benchmark_filter='softmax|^exp/' --threads=2
//   FASTNN_ISA=baseline ops_bench --benchmark_out=ops.json && python bench/ops_table.py ops.json
// Names: <op>/<forward or backward>/<footprint>, <product>/<forward or backward>/<shapes>.
// Counters: see measure.h. The cases are in cases.cpp; an op of the table without one is an error.
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/parallel.h"
#include "dispatch/isa.h"
#include "measure.h"

namespace fastnn::bench {
namespace {

int g_threads = 1;

// The library calls a benchmark several times until it knows how often to run it: the operands
// stay.
Problem& problem_of(const Case& given, int64_t n) {
  static std::pair<const Case*, int64_t> key;
  static std::unique_ptr<Problem> last;
  if (!last || key != std::pair(&given, n)) {
    key = {&given, n};
    last = std::make_unique<Problem>(given, n);
    last->take_memory();
  }
  return *last;
}

void add_footprint(const Case& given, bool backward, const Footprint& footprint) {
  const int64_t n = rows_for(given, footprint.bytes);
  if (n == 0) return;
  const std::string name =
      std::string(given.name) + (backward ? "/backward/" : "/forward/") + footprint.name;
  add(name, [=, &given, &footprint](benchmark::State& state) {
    const Problem& problem = problem_of(given, n);
    const Step& step = problem.step();
    if (backward)
      measure_bytes(state, footprint, problem.backward_bytes(), [&] { step.backward(); });
    else
      measure_bytes(state, footprint, problem.forward_bytes(), [&] { step.forward(); });
  });
}

void add_product(const Case& given, bool backward) {
  std::string shapes = given.operands;
  std::replace(shapes.begin(), shapes.end(), ' ', ',');
  add(std::string(given.name) + (backward ? "/backward/" : "/forward/") + shapes,
      [=, &given](benchmark::State& state) {
        const Step& step = problem_of(given, 0).step();
        if (backward)  // a product for each of the two gradients
          measure_flops(state, 2 * step.node.flops, [&] { step.backward(); });
        else
          measure_flops(state, step.node.flops, [&] { step.forward(); });
      });
}

bool add_ops() {
  const std::vector<std::string> missing = ops_without_case();
  for (const std::string& op : missing)
    std::fprintf(stderr, "ops_bench: op %s must have a case in bench/cases.cpp, got none\n",
                 op.c_str());
  for (const Case& given : cases())
    for (const bool backward : {false, true}) {
      if (backward && !find_op(given.op().c_str(), table()).backward[0]) continue;
      if (given.is_product())
        add_product(given, backward);
      else
        for (const Footprint& footprint : kFootprints) add_footprint(given, backward, footprint);
    }
  return missing.empty();
}

}  // namespace

int threads() { return g_threads; }

int run(int argc, char** argv) {
  // A default that a later flag replaces.
  std::vector<char*> args{argv[0], const_cast<char*>("--benchmark_min_time=0.05")};
  for (int i = 1; i < argc; ++i) {
    if (!std::strncmp(argv[i], "--threads=", 10))
      g_threads = std::max(1, std::atoi(argv[i] + 10));
    else
      args.push_back(argv[i]);
  }
  int count = static_cast<int>(args.size());
  benchmark::Initialize(&count, args.data());
  if (benchmark::ReportUnrecognizedArguments(count, args.data())) return 1;
  set_thread_count(g_threads);
  benchmark::AddCustomContext("isa", table().isa);
  benchmark::AddCustomContext("threads", std::to_string(g_threads));
  if (!add_ops() || !add_passes()) return 1;
  return benchmark::RunSpecifiedBenchmarks() ? 0 : 1;
}

}  // namespace fastnn::bench

int main(int argc, char** argv) {
  try {
    return fastnn::bench::run(argc, argv);
  } catch (const fastnn::Error& error) {  // a case that its op does not take
    std::fprintf(stderr, "ops_bench: %s\n", error.what());
    return 1;
  }
}
