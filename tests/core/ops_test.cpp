// Every op of the table on every instruction set that is compiled in and that this CPU has, forward
// and backward, in the benchmark's cases (bench/cases.cpp) and those of ops_cases.cpp:
//
//   float64 equals the baseline's float64 and, element by element, libm's formula; float32 equals
//   float64 on the same numbers, backward equals finite differences of sum dy y, accumulating adds
//   to what is there, an input that wants no gradient changes none of the others', 1, 2 and 3
//   threads give the same bits; every output is written, nothing else is. The products once more
//   by bfloat16: near float64, by the CPU's instruction and emulated the same bits.
//
// Then what is no op: passes_test.cpp.  ops_test --quick runs fewer sizes (for emulators).
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "base/parallel.h"
#include "check.h"
#include "dispatch/isa.h"
#include "formulas.h"
#include "ops_cases.h"

namespace fastnn::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Of the largest number in the array: some 100 roundings.
double float32_tolerance(const Text& text) {
  // The slope follows from y, y (1 - y) or 1 - y^2: where y is near 1 that keeps few digits, and in
  // a gradient of few rows nothing larger stands beside it.
  if (text.name == "linear.small" || text.name == "linear.tanh") return 1e-4;
  return 1e-5;
}
constexpr double kFloat64 = 1e-12;

using Results = std::vector<Values>;

struct Where {
  const Text& text;
  const char* isa;
};

bool close(const Where& at, const char* law, const Results& got, const Results& want,
           double tolerance) {
  for (size_t a = 0; a < want.size(); ++a) {
    double size = FLT_MIN;
    for (const double w : want[a].at)
      if (std::isfinite(w)) size = std::max(size, std::fabs(w));
    size_t worst = 0;
    double most = -1;
    for (size_t i = 0; i < want[a].at.size(); ++i) {
      const double g = got[a].at[i], w = want[a].at[i];
      const bool same = g == w || (std::isnan(g) && std::isnan(w));
      const double apart = same ? 0 : std::isfinite(g - w) ? std::fabs(g - w) : HUGE_VAL;
      if (apart > most) most = apart, worst = i;
    }
    if (!check(most <= tolerance * size, "%s %s (%s; %s) %s: %s[%zu] is %.17g, not %.17g", at.isa,
               at.text.name.c_str(), at.text.operands.c_str(), at.text.attrs.c_str(), law,
               want[a].name.c_str(), worst, got[a].at[worst], want[a].at[worst]))
      return false;
  }
  return true;
}

Results all_of(OpRun& run) {
  run.forward();
  Results results = run.outputs();
  if (!run.has_backward()) return results;
  run.backward(kNaN);
  for (Values& values : run.gradients()) results.push_back(std::move(values));
  return results;
}

// sum dy y at two points, subtracted output by output: rounding stays small.
double difference(const Results& up, const Results& down, const std::vector<double>& dy) {
  double sum = 0;
  size_t k = 0;
  for (size_t a = 0; a < up.size(); ++a)
    for (size_t i = 0; i < up[a].at.size(); ++i, ++k)
      if (dy[k] != 0) sum += dy[k] * (up[a].at[i] - down[a].at[i]);
  return sum;
}

// Along some axes and one direction that moves every element.
void test_gradient(const Where& at, OpRun& run, int points) {
  constexpr double kStep = 1e-6;
  run.forward();
  run.backward(kNaN);
  const Results grads = run.gradients();
  const std::vector<double> dy = run.output_slopes();
  double size = 0;
  size_t k = 0;
  for (const Values& y : run.outputs())
    for (const double v : y.at) size += std::fabs(v * dy[k++]);
  Numbers random{5};
  size_t index = 0;
  for (int i = 0; i < run.n_in(); ++i) {
    if (!run.is_differentiable(i)) continue;
    const Values& g = grads[index++];
    const int64_t n = run.count(i);
    const std::vector<double> x(run.input(i), run.input(i) + n);
    for (int64_t p = -1; p < std::min<int64_t>(points, n); ++p) {
      std::vector<double> direction(static_cast<size_t>(n), 0.0);
      if (p < 0)
        for (double& d : direction) d = random();
      else
        direction[p * (n - 1) / std::max<int64_t>(1, std::min<int64_t>(points, n) - 1)] = 1;
      double want = 0, terms = 0;
      for (int64_t j = 0; j < n; ++j) {
        want += g.at[j] * direction[j];
        terms += std::fabs(g.at[j] * direction[j]);
      }
      const auto move = [&](double step) {
        for (int64_t j = 0; j < n; ++j) run.input(i)[j] = x[j] + step * direction[j];
        run.forward();
        return run.outputs();
      };
      const Results up = move(kStep), down = move(-kStep);
      const double got = difference(up, down, dy) / (2 * kStep);
      // y is good to a few roundings, each 1e-16 / kStep in the slope
      if (!check(std::fabs(got - want) <= 1e-6 * terms + 2e-9 * (size + 1e-3),
                 "%s %s (%s; %s) slope of input %d, direction %ld: %.12g, finite difference %.12g",
                 at.isa, at.text.name.c_str(), at.text.operands.c_str(), at.text.attrs.c_str(), i,
                 static_cast<long>(p), want, got))
        break;
    }
    std::copy(x.begin(), x.end(), run.input(i));
  }
}

void test_accumulation(const Where& at, OpRun& run, double tolerance) {
  constexpr double kStart = 0.75;
  run.forward();
  run.backward(kNaN);
  Results want = run.gradients();
  for (int skip = 0; skip < run.n_in() && want.size() > 1; ++skip) {
    if (!run.is_differentiable(skip)) continue;
    run.backward(kNaN, skip);
    Results others = want;
    const std::string name = "gradient " + std::to_string(skip);
    others.erase(std::find_if(others.begin(), others.end(),
                              [&](const Values& v) { return v.name == name; }));
    close(at, "without one of the gradients", run.gradients(), others, 0);
  }
  for (Values& values : want)
    for (double& v : values.at) v += kStart;
  run.backward(kStart);
  close(at, "accumulated", run.gradients(), want, tolerance);
}

void test_threads(const Where& at, OpRun& run) {
  Results alone;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    Results results;
    with_threads(1e9, [&] { results = all_of(run); });  // a team takes small jobs too
    if (threads == 1)
      alone = std::move(results);
    else
      for (size_t a = 0; a < alone.size(); ++a)
        check(alone[a].at.empty() || !std::memcmp(alone[a].at.data(), results[a].at.data(),
                                                  alone[a].at.size() * sizeof(double)),
              "%s %s (%s; %s): %d threads give other bits in %s", at.isa, at.text.name.c_str(),
              at.text.operands.c_str(), at.text.attrs.c_str(), threads, alone[a].name.c_str());
  }
  set_thread_count(1);
}

bool has_products(const Text& text) {
  return text.op == "linear" || text.op == "conv2d" || text.op == "conv_transpose2d";
}

void test_bf16(const Where& at, const std::vector<bench::Operand>& operands,
               const std::vector<std::vector<double>>& values, const Results& want, bool large) {
  OpRun run(at.text, DType::kFloat32, operands, values, bf16());
  OpRun emulated(at.text, DType::kFloat32, operands, values, Precision::kBf16Emulated);
  const Results got = all_of(run);
  // Where an activation is steep, an error of z is a large one of y.
  if (at.text.attrs.find("activation=") == std::string::npos) close(at, "bf16", got, want, 0.05);
  // A CPU's own instruction is not held to what its manual says of rounding.
  close(at, "bf16 emulated", all_of(emulated), got, std::strcmp(at.isa, "avx512") ? 0 : 1e-2);
  if (large)
    test_threads(at, run);
  else
    test_accumulation(at, run, 1e-6);
  check(run.is_unharmed() && emulated.is_unharmed(), "%s %s (%s; %s) wrote past an array in bf16",
        at.isa, at.text.name.c_str(), at.text.operands.c_str(), at.text.attrs.c_str());
}

struct Sizes {
  std::vector<int64_t> edges;
  int64_t count, length;  // of large_texts
  int points;             // of finite differences
};

// On all instruction sets: the baseline's float64 is the reference.
void test_op(const Text& text, bool large, const Sizes& sizes, std::map<std::string, int>& checks) {
  const auto operands = bench::operands_of(text.operands, 0);
  const auto values = draw(operands);
  Results want;
  for (int i = isa_count() - 1; i >= 0; --i) {  // the plainest first
    if (!isa_supported(i)) continue;
    set_isa(isa_name(i));
    const Where at{text, isa_name(i)};
    const int before = g_checks;
    OpRun wide(text, DType::kFloat64, operands, values);
    OpRun narrow(text, DType::kFloat32, operands, values);
    check(!std::strcmp(wide.isa(), isa_name(i)), "%s: the op is that of %s", isa_name(i),
          wide.isa());
    const Results got = all_of(wide), rounded = all_of(narrow);
    if (want.empty()) want = got;
    if (text.op != "python")  // NaN without Python code
      for (const Values& array : got)
        check(std::none_of(array.at.begin(), array.at.end(), [](double v) { return v != v; }),
              "%s %s (%s; %s): NaN in %s", at.isa, text.name.c_str(), text.operands.c_str(),
              text.attrs.c_str(), array.name.c_str());
    close(at, "float64", got, want, kFloat64);
    if (const Formula* formula = formula_of(text.name.c_str())) {
      Results by_formula{{"output 0", values[0]}};
      for (size_t j = 0; j < values[0].size(); ++j)
        by_formula[0].at[j] = formula->of(values[0][j], values.size() > 1 ? values[1][j] : 0);
      close(at, "formula", got, by_formula, kFloat64);
    }
    close(at, "float32", rounded, got, float32_tolerance(text));
    if (has_products(text)) test_bf16(at, operands, values, got, large);
    if (large) {
      test_threads(at, wide);
      test_threads(at, narrow);
    } else if (wide.has_backward()) {
      if (text.op != "python") test_gradient(at, wide, sizes.points);
      test_accumulation(at, wide, kFloat64);
      test_accumulation(at, narrow, 1e-6);
    }
    check(wide.is_unharmed() && narrow.is_unharmed(), "%s %s (%s; %s) wrote past an array", at.isa,
          text.name.c_str(), text.operands.c_str(), text.attrs.c_str());
    checks[isa_name(i)] += g_checks - before;
  }
}

void test_ops(const Sizes& sizes) {
  for (const std::string& op : bench::ops_without_case())
    check(false, "op %s must have a case in bench/cases.cpp, got none", op.c_str());
  set_thread_count(1);
  std::map<std::string, int> checks;
  const auto test = [&](const Text& text, bool large) {
    try {
      test_op(text, large, sizes, checks);
    } catch (const Error& error) {  // a case that its op does not take
      check(false, "(%s; %s) %s", text.operands.c_str(), text.attrs.c_str(), error.what());
    }
  };
  for (const Text& text : small_texts(sizes.edges)) test(text, false);
  for (const Text& text : large_texts(sizes.count, sizes.length)) test(text, true);
  for (const auto& [isa, count] : checks) std::printf("%-10s ops %d checks\n", isa.c_str(), count);
}

}  // namespace
}  // namespace fastnn::test

int main(int argc, char** argv) {
  using namespace fastnn::test;
  const bool quick = argc > 1 && !std::strcmp(argv[1], "--quick");
  test_ops(quick ? Sizes{{1, 9}, 40000, 64, 2} : Sizes{{1, 7, 8, 9, 17}, 200000, 160, 6});
  test_passes(quick);
  std::printf("%d checks, %d failed\n", g_checks, g_failures);
  return g_failures ? 1 : 0;
}
