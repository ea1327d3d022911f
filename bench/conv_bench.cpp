// Convolutions of LeNet-5, ResNet-20, AlexNet and VGG-16, each of the three passes, in GFLOP/s of
// the direct algorithm (Winograd may pass the peak) and as a share of the FMA peak in float32 of
// the cores used (in bfloat16, where the CPU multiplies it, twice that is its peak), beside oneDNN
// where it was found at build time.
//   conv_bench --benchmark_filter='resnet20/.*/t1' --benchmark_repetitions=5
//              --benchmark_enable_random_interleaving=true --benchmark_out=conv.json
// bench/ops_table.py prints the JSON. Names: conv/<net>/<x
// NxCxHxW>,<filters>k<kernel>s<stride>/<pass>/t<threads>/<who>.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>

#include "conv_rival.h"
#include "dispatch/isa.h"
#include "measure.h"

namespace fastnn::bench {
namespace {

const ConvProblem kProblems[] = {
    {"lenet", 64, 1, 28, 28, 6, 5, 1, 2},        {"lenet", 64, 6, 14, 14, 16, 5, 1, 0},
    {"nielsen", 64, 1, 28, 28, 20, 5, 1, 0},     {"nielsen", 64, 20, 12, 12, 40, 5, 1, 0},
    {"mnist", 64, 1, 28, 28, 32, 3, 1, 0},       {"mnist", 64, 32, 26, 26, 64, 3, 1, 0},
    {"resnet20", 128, 3, 32, 32, 16, 3, 1, 1},   {"resnet20", 128, 16, 32, 32, 16, 3, 1, 1},
    {"resnet20", 128, 16, 32, 32, 32, 3, 2, 1},  {"resnet20", 128, 32, 16, 16, 32, 3, 1, 1},
    {"resnet20", 128, 32, 16, 16, 64, 3, 2, 1},  {"resnet20", 128, 64, 8, 8, 64, 3, 1, 1},
    {"alexnet", 16, 3, 227, 227, 96, 11, 4, 0},  {"alexnet", 16, 96, 27, 27, 256, 5, 1, 2},
    {"alexnet", 16, 256, 13, 13, 384, 3, 1, 1},  {"alexnet", 16, 384, 13, 13, 384, 3, 1, 1},
    {"alexnet", 16, 384, 13, 13, 256, 3, 1, 1},  {"resnet50", 16, 64, 56, 56, 256, 1, 1, 0},
    {"resnet50", 16, 256, 56, 56, 512, 1, 2, 0}, {"resnet50", 16, 512, 7, 7, 512, 3, 1, 1},
    {"vgg16", 4, 3, 224, 224, 64, 3, 1, 1},      {"vgg16", 4, 64, 224, 224, 64, 3, 1, 1},
    {"vgg16", 4, 64, 112, 112, 128, 3, 1, 1},    {"vgg16", 4, 128, 112, 112, 128, 3, 1, 1},
    {"vgg16", 4, 128, 56, 56, 256, 3, 1, 1},     {"vgg16", 4, 256, 56, 56, 256, 3, 1, 1},
    {"vgg16", 4, 256, 28, 28, 512, 3, 1, 1},     {"vgg16", 4, 512, 28, 28, 512, 3, 1, 1},
    {"vgg16", 4, 512, 14, 14, 512, 3, 1, 1},
};

// A conv2d step that computes one pass: the gradient nobody asks for is left out.
std::unique_ptr<Problem> problem_of(const ConvProblem& p, const std::string& pass,
                                    Precision precision) {
  char operands[128], attrs[128];
  std::snprintf(operands, sizeof operands, "%s%lldx%lldx%lldx%lld %s%lldx%lldx%lldx%lld",
                pass == "dw" ? "t:" : "", (long long)p.N, (long long)p.H, (long long)p.W,
                (long long)p.C, pass == "dx" ? "t:" : "", (long long)p.K, (long long)p.C,
                (long long)p.kernel, (long long)p.kernel);
  const long long s = p.stride, e = p.padding;
  std::snprintf(attrs, sizeof attrs, "stride=%lld,%lld padding=%lld,%lld,%lld,%lld dilation=1,1", s,
                s, e, e, e, e);
  auto problem = std::make_unique<Problem>(Case{"conv2d", operands, attrs}, 0, precision);
  problem->take_memory();
  return problem;
}

void add(const ConvProblem& p, const std::string& pass, int threads) {
  char name[160];
  std::snprintf(name, sizeof name, "conv/%s/%lldx%lldx%lldx%lld,%lldk%llds%lld/%s/t%d/", p.net,
                (long long)p.N, (long long)p.C, (long long)p.H, (long long)p.W, (long long)p.K,
                (long long)p.kernel, (long long)p.stride, pass.c_str(), threads);
  const auto add_one = [&](const char* who, bool rival, Precision precision) {
    auto* entry = benchmark::RegisterBenchmark(
        (std::string(name) + who).c_str(), [=, &p](benchmark::State& state) {
          std::function<void()> run;
          std::unique_ptr<Problem> problem;
          if (rival) {
            run = onednn_conv(p, pass, threads);
          } else {
            problem = problem_of(p, pass, precision);
            set_thread_count(threads);
            run = [&] {
              pass == "forward" ? problem->step().forward() : problem->step().backward();
            };
          }
          run();
          const double before = fma_peak(false);
          const double start = seconds();
          for (auto _ : state) run();
          const double rate =
              p.flops() * static_cast<double>(state.iterations()) / (seconds() - start) / 1e9;
          state.counters["GFLOP/s"] = rate;
          state.counters["of_peak"] = rate / ((before + fma_peak(false)) / 2 * threads);
        });
    entry->Unit(benchmark::kMicrosecond)->UseRealTime();
  };
  add_one("fastnn", false, Precision::kFull);
  if (has_bf16()) add_one("fastnn bf16", false, Precision::kBf16);
#ifdef FASTNN_ONEDNN
  add_one("onednn", true, Precision::kFull);
#endif
}

}  // namespace

int threads() { return 1; }  // each benchmark has its own

}  // namespace fastnn::bench

int main(int argc, char** argv) {
  using namespace fastnn::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("isa", fastnn::table().isa);
  for (const ConvProblem& p : kProblems)
    for (const char* pass : {"forward", "dx", "dw"})
      for (const int threads : {1, 2}) add(p, pass, threads);
  benchmark::RunSpecifiedBenchmarks();
}
