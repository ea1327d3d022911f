// What the core computes beside ops: optimisers, rows gathered from a data set, passes over vectors
// and random numbers, each against its formula in float64.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/parallel.h"
#include "base/random.h"
#include "check.h"
#include "dispatch/isa.h"
#include "graph/hyper.h"

namespace fastnn::test {
namespace {

const char* isa() { return table().isa; }

template <class T>
constexpr double kEps = std::numeric_limits<T>::epsilon();

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || !std::memcmp(a.data(), b.data(), a.size() * sizeof(T)));
}

// Calls run() in a team of 1, 2 and 3 threads: what it returns may not differ in a bit.
template <class F>
void same_for_any_threads(const char* name, int64_t n, const F& run) {
  decltype(run()) alone;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    decltype(run()) result;
    with_threads(1e9, [&] { result = run(); });
    if (threads == 1) alone = result;
    check(same_bits(alone, result), "%s %s, %ld: %d threads give other bits", isa(), name,
          static_cast<long>(n), threads);
  }
  set_thread_count(1);
}

// --- optimisers
// -----------------------------------------------------------------------------------

struct OptimizerCase {
  const char* name;
  std::vector<NamedHyper> hyper;
};

const OptimizerCase kOptimizers[] = {
    {"sgd", {}},
    {"sgd", {{"momentum", 0.9}}},
    {"sgd", {{"momentum", 0.9}, {"nesterov", 1}}},
    {"adagrad", {{"eps", 1e-6}}},
    {"rmsprop", {{"alpha", 0.9}}},
    {"rmsprop", {{"alpha", 0.9}, {"momentum", 0.5}}},
    {"adam", {}},
    {"adamw", {{"weight_decay", 0.1}}},
};

// One parameter's update by the formulas of the files cpp/ops/<optimiser>.cpp.
void formula(const std::string& name, const double* h, double lr, double g, int64_t t, double& w,
             double* s) {
  if (name == "sgd") {
    s[0] = h[0] * s[0] + g;
    w -= lr * (h[1] != 0 ? g + h[0] * s[0] : s[0]);
  } else if (name == "adagrad") {
    s[0] += g * g;
    w -= lr * g / (std::sqrt(s[0]) + h[0]);
  } else if (name == "rmsprop") {
    s[0] = h[0] * s[0] + (1 - h[0]) * g * g;
    s[1] = h[2] * s[1] + g / (std::sqrt(s[0]) + h[1]);
    w -= lr * s[1];
  } else {
    s[0] = h[0] * s[0] + (1 - h[0]) * g;
    s[1] = h[1] * s[1] + (1 - h[1]) * g * g;
    const double m = s[0] / (1 - std::pow(h[0], t)), v = s[1] / (1 - std::pow(h[1], t));
    if (name == "adamw") w *= 1 - lr * h[3];
    w -= lr * m / (std::sqrt(v) + h[2]);
  }
}

constexpr int kSteps = 5;
constexpr double kRate = 0.01;

// w after kSteps updates, and the penalties of each.
template <class T>
std::vector<T> optimise(const OptimizerCase& given, int64_t n, bool penalised,
                        std::vector<double>* want) {
  const Optimizer& optimizer = find_optimizer(given.name, table());
  Update u{};
  set_hyper(optimizer, given.hyper, u.hyper);
  Numbers random{static_cast<uint64_t>(n)};
  std::vector<T> w = random.vector<T>(n), g, penalties;
  if (n > 2) w[2] = 0;  // where |w| has a kink
  std::vector<std::vector<T>> states(3, std::vector<T>(static_cast<size_t>(n)));
  std::vector<double> wide(w.begin(), w.end()), kept(static_cast<size_t>(3 * n));
  u.n = n;
  u.theta = w.data();
  for (int i = 0; i < optimizer.states(u.hyper); ++i) u.state[i] = states[i].data();
  u.lr = kRate;
  u.l1 = penalised ? 0.02 : 0;
  u.l2 = penalised ? 0.3 : 0;
  u.grad_scale = penalised ? 0.25 : 1;
  double before[2] = {};
  for (u.step = 1; u.step <= kSteps; ++u.step) {
    g = random.vector<T>(n);
    u.grad = g.data();
    optimizer.update[sizeof(T) == 8](u);
    penalties.push_back(static_cast<T>(u.penalty));
    if (!want) continue;
    double penalty = 0;
    for (int64_t i = 0; i < n; ++i) {
      double& v = wide[i];
      penalty += u.l1 * std::fabs(v) + u.l2 / 2 * v * v;
      const double sign = v > 0 ? 1 : v < 0 ? -1 : 0;
      formula(given.name, u.hyper, kRate, u.grad_scale * g[i] + u.l2 * v + u.l1 * sign, u.step, v,
              &kept[3 * i]);
    }
    before[0] = std::max(before[0], std::fabs(penalty - u.penalty));
    before[1] = std::max(before[1], penalty);
  }
  if (want) {
    *want = wide;
    check(before[0] <= 100 * kEps<T> * before[1], "%s %s f%d, %ld: penalty is %g off of %g", isa(),
          given.name, int(8 * sizeof(T)), static_cast<long>(n), before[0], before[1]);
  }
  w.insert(w.end(), penalties.begin(), penalties.end());
  return w;
}

template <class T>
void test_optimizer(const OptimizerCase& given, int64_t large) {
  for (const bool penalised : {false, true}) {
    for (const int64_t n : {1, 7, 8, 9, 17, 1025}) {
      std::vector<double> want;
      const std::vector<T> got = optimise<T>(given, n, penalised, &want);
      for (int64_t i = 0; i < n; ++i)
        // kSteps updates of at most 0.1, quotients of rounded numbers
        if (!check(std::fabs(got[i] - want[i]) <= 100 * kEps<T>,
                   "%s %s f%d, %ld: w[%ld] is %.17g, not %.17g", isa(), given.name,
                   int(8 * sizeof(T)), static_cast<long>(n), static_cast<long>(i), double(got[i]),
                   want[i]))
          break;
    }
    same_for_any_threads(given.name, large,
                         [&] { return optimise<T>(given, large, penalised, nullptr); });
  }
}

void test_optimizers(int64_t large) {
  for (int i = 0; i < table().n_optimizers; ++i) {
    const std::string name = table().optimizers[i]->name;
    check(std::any_of(std::begin(kOptimizers), std::end(kOptimizers),
                      [&](const OptimizerCase& given) { return given.name == name; }),
          "optimiser %s must have a case in tests/core/passes_test.cpp, got none", name.c_str());
  }
  for (const OptimizerCase& given : kOptimizers) {
    test_optimizer<float>(given, large);
    test_optimizer<double>(given, large);
  }
}

// --- rows
// -----------------------------------------------------------------------------------------

template <class S, class T>
std::vector<T> gather(const std::vector<S>& src, int64_t width, const std::vector<int64_t>* order,
                      double scale, double offset) {
  const int64_t n = order ? static_cast<int64_t>(order->size())
                          : static_cast<int64_t>(src.size()) / std::max<int64_t>(1, width);
  std::vector<T> dst(static_cast<size_t>(n * width), T(77));
  table().gather_rows({src.data(), dtype_of<S>, width, order ? order->data() : nullptr, n, scale,
                       offset, dst.data(), dtype_of<T>});
  return dst;
}

template <class S, class T>
void test_rows(int64_t rows, int64_t width, bool large) {
  if (!rows_convertible(dtype_of<S>, dtype_of<T>)) return;
  Numbers random{static_cast<uint64_t>(rows * 31 + width)};
  std::vector<S> src(static_cast<size_t>(rows * width));
  for (S& x : src) {
    const double r = random();
    x = static_cast<S>(is_real(dtype_of<S>)
                           ? r
                           : std::floor(dtype_of<S> == DType::kUint8 ? 128 + 128 * r : 1e6 * r));
  }
  std::vector<int64_t> order(static_cast<size_t>(rows));
  random_permutation({3}, 0, rows, order.data());
  order.push_back(0);  // twice
  for (const std::vector<int64_t>* indices : {static_cast<std::vector<int64_t>*>(nullptr), &order})
    for (const auto& [scale, offset] :
         {std::pair(1.0, 0.0), std::pair(1 / 255.0, 0.0), std::pair(0.5, -2.0)}) {
      const auto run = [&] { return gather<S, T>(src, width, indices, scale, offset); };
      if (large) {
        same_for_any_threads("gather_rows", rows, run);
        continue;
      }
      const std::vector<T> got = run();
      for (size_t i = 0; i < got.size(); ++i) {
        const int64_t row = static_cast<int64_t>(i) / width,
                      column = static_cast<int64_t>(i) % width;
        const double x = static_cast<double>(src[(indices ? order[row] : row) * width + column]);
        const double want = is_real(dtype_of<T>) ? x * scale + offset : x;
        // float32 from float32 rounds scale, product and sum
        const double tolerance =
            is_real(dtype_of<T>) ? 2 * kEps<T> * (std::fabs(x * scale) + std::fabs(offset)) : 0;
        if (!check(std::fabs(got[i] - want) <= tolerance,
                   "%s gather_rows %s to %s (%ld, %ld) * %g + %g: [%zu] is %.17g, not %.17g", isa(),
                   name_of(dtype_of<S>), name_of(dtype_of<T>), static_cast<long>(rows),
                   static_cast<long>(width), scale, offset, i, double(got[i]), want))
          break;
      }
    }
}

template <class S>
void test_rows_from(int64_t rows, int64_t width, bool large) {
  test_rows<S, float>(rows, width, large);
  test_rows<S, double>(rows, width, large);
  test_rows<S, int64_t>(rows, width, large);
  test_rows<S, uint8_t>(rows, width, large);
}

void test_all_rows(int64_t large) {
  const auto test = [](int64_t rows, int64_t width, bool many) {
    test_rows_from<float>(rows, width, many);
    test_rows_from<double>(rows, width, many);
    test_rows_from<int64_t>(rows, width, many);
    test_rows_from<uint8_t>(rows, width, many);
  };
  for (const int64_t rows : {1, 5})
    for (const int64_t width : {1, 7, 8, 9, 17, 100}) test(rows, width, false);
  test(large / 100, 100, true);
  test(large, 1, true);
}

// --- vectors
// --------------------------------------------------------------------------------------

template <class T>
void test_sums(int64_t n) {
  constexpr int kIndex = sizeof(T) == 8;
  Numbers random{static_cast<uint64_t>(n)};
  std::vector<T> x = random.vector<T>(n);
  const VectorKernels& kernels = *table().vectors;
  double want = 0;
  for (const T v : x) want += static_cast<double>(v) * v;
  const double got = kernels.sum_of_squares[kIndex](x.data(), n);
  check(std::fabs(got - want) <= 1e-12 * want, "%s sum_of_squares f%d, %ld: %.17g, not %.17g",
        isa(), int(8 * sizeof(T)), static_cast<long>(n), got, want);
  same_for_any_threads("sum_of_squares", n, [&] {
    return std::vector<double>{kernels.sum_of_squares[kIndex](x.data(), n)};
  });
  check(kernels.all_finite[kIndex](x.data(), n), "%s all_finite f%d, %ld: false", isa(),
        int(8 * sizeof(T)), static_cast<long>(n));
  double most = 0;
  for (const T v : x) most = std::max(most, std::fabs(static_cast<double>(v)));
  check(kernels.largest[kIndex](x.data(), n) == most, "%s largest f%d, %ld: %.17g, not %.17g",
        isa(), int(8 * sizeof(T)), static_cast<long>(n), kernels.largest[kIndex](x.data(), n),
        most);
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(),
                      -std::numeric_limits<T>::infinity()})
    for (int64_t i = 0; i < n; i += std::max<int64_t>(1, n / 37 - 1)) {
      const T old = x[i];
      x[i] = bad;
      set_thread_count(i % 3 + 1);
      check(!kernels.all_finite[kIndex](x.data(), n) &&
                !std::isfinite(kernels.largest[kIndex](x.data(), n)) &&
                !std::isfinite(kernels.sum_of_squares[kIndex](x.data(), n)),
            "%s f%d, %ld: %g at %ld is not seen", isa(), int(8 * sizeof(T)), static_cast<long>(n),
            double(bad), static_cast<long>(i));
      x[i] = old;
    }
  set_thread_count(1);
}

template <class T>
void test_max_norm(int64_t rows, int64_t columns) {
  Numbers random{static_cast<uint64_t>(rows + columns)};
  std::vector<T> w = random.vector<T>(rows * columns);
  for (int64_t r = 0; r < rows; r += 2)  // above the limit, and below it
    for (int64_t j = 0; j < columns; ++j) w[r * columns + j] *= T(100);
  const double limit = std::sqrt(static_cast<double>(columns));
  const auto run = [&] {
    std::vector<T> y = w;
    table().vectors->max_norm[sizeof(T) == 8](y.data(), rows, columns, limit);
    return y;
  };
  const std::vector<T> got = run();
  for (int64_t r = 0; r < rows; ++r) {
    double square = 0;
    for (int64_t j = 0; j < columns; ++j) square += std::pow(double(w[r * columns + j]), 2);
    const double factor = square > limit * limit ? limit / std::sqrt(square) : 1;
    const double tolerance = factor == 1 ? 0 : 2 * kEps<T> + kEps<double> * limit;  // of a sum
    for (int64_t j = 0; j < columns; ++j) {
      const double want = factor * w[r * columns + j], y = got[r * columns + j];
      if (!check(std::fabs(y - want) <= tolerance * std::fabs(want),
                 "%s max_norm f%d (%ld, %ld): w(%ld, %ld) is %.17g, not %.17g", isa(),
                 int(8 * sizeof(T)), static_cast<long>(rows), static_cast<long>(columns),
                 static_cast<long>(r), static_cast<long>(j), y, want))
        return;
    }
  }
  same_for_any_threads("max_norm", rows * columns, run);
}

void test_vectors(int64_t large) {
  for (const int64_t n : {int64_t(0), int64_t(1), int64_t(7), int64_t(8), int64_t(9), int64_t(17),
                          int64_t(63), int64_t(65), int64_t(8193), large}) {
    test_sums<float>(n);
    test_sums<double>(n);
  }
  for (const int64_t columns : {1, 7, 8, 9, 17, 5000}) {
    test_max_norm<float>(columns > 1000 ? 20 : 5, columns);
    test_max_norm<double>(columns > 1000 ? 20 : 5, columns);
  }
  test_max_norm<float>(large / 100, 100);
}

// --- chance
// ---------------------------------------------------------------------------------------

// The known answers of Philox4x32-10 (Random123, kat_vectors); counter: block, stream, step; key:
// seed.
void test_philox() {
  const struct {
    RandomKey key;
    uint64_t step;
    uint32_t block, want[4];
  } known[] = {
      {{0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0ull, ~0u}, ~0ull, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x299f31d0a4093822, 0x85a308d3},
       0x0370734413198a2e,
       0x243f6a88,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const auto& [key, step, block, want] : known)
    check(!std::memcmp(random4(key, step, block).v, want, sizeof want),
          "Philox of block %x gives other numbers", block);
}

void test_distributions(int64_t n) {
  std::vector<double> uniform(static_cast<size_t>(n)), normal(uniform), part(uniform);
  random_uniform({5, 1}, 9, 0, n, uniform.data());
  random_normal({5, 1}, 9, 0, n, normal.data());
  double sums[4] = {};
  bool inside = true;
  for (int64_t i = 0; i < n; ++i) {
    inside &= uniform[i] >= 0 && uniform[i] < 1 && std::isfinite(normal[i]);
    sums[0] += uniform[i];
    sums[1] += uniform[i] * uniform[i];
    sums[2] += normal[i];
    sums[3] += normal[i] * normal[i];
  }
  check(inside, "%ld random numbers must lie in [0, 1) or be finite", static_cast<long>(n));
  const double want[] = {1 / 2.0, 1 / 3.0, 0, 1}, sigma[] = {0.289, 0.299, 1, 1.415};
  for (int i = 0; i < 4; ++i)
    check(std::fabs(sums[i] / double(n) - want[i]) <= 5 * sigma[i] / std::sqrt(double(n)),
          "moment %d of %ld random numbers is %g, not %g", i, static_cast<long>(n),
          sums[i] / double(n), want[i]);
  for (const int64_t fewer : {1, 7, 8}) {  // a number depends on its index alone
    for (const int64_t first : {0, 1, 2, 5}) {
      random_uniform({5, 1}, 9, first, fewer, part.data());
      check(std::equal(part.begin(), part.begin() + fewer, uniform.begin() + first),
            "uniform, %ld of them from %ld", static_cast<long>(fewer), static_cast<long>(first));
      random_normal({5, 1}, 9, first, fewer, part.data());
      check(std::equal(part.begin(), part.begin() + fewer, normal.begin() + first),
            "normal, %ld of them from %ld", static_cast<long>(fewer), static_cast<long>(first));
    }
  }
  std::vector<int64_t> order(static_cast<size_t>(n));
  random_permutation({5, 1}, 9, n, order.data());
  check(!std::is_sorted(order.begin(), order.end()), "permutation of %ld is sorted",
        static_cast<long>(n));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < n; ++i)
    if (!check(order[i] == i, "permutation of %ld lacks %ld", static_cast<long>(n),
               static_cast<long>(i)))
      break;
}

// Op dropout draws several blocks at a time: element i must get word i % 4 of block i / 4.
void test_dropout(int64_t n) {
  const Op& op = find_op("dropout", table());
  Arg x{{1, {n}}, DType::kFloat32}, out[kMaxOut];
  const std::vector<float> ones(static_cast<size_t>(n), 1);
  std::vector<float> y(ones);
  std::vector<uint8_t> mask(static_cast<size_t>(n));
  const uint64_t step = 0x123456789ull;
  Node node;
  node.op = &op;
  node.where = "dropout";
  node.training = true;
  node.n_in = 1;
  node.in = &x;
  node.out = out;
  node.attr[0].real = 0.25;
  op.infer(node);
  x.data = const_cast<float*>(ones.data());
  out[0].data = y.data();
  node.saved[0].data = mask.data();
  node.key = {0xFEDCBA9876543210ull, 0x80000001u};
  node.step = &step;
  op.forward[0](node);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t word = random4(node.key, step, static_cast<uint32_t>(i / 4)).v[i % 4];
    if (!check((y[i] != 0) == (word >= 0x40000000u), "%s dropout: element %ld of %ld is %g", isa(),
               static_cast<long>(i), static_cast<long>(n), double(y[i])))
      break;
  }
}

}  // namespace

void test_passes(bool quick) {
  const int64_t large = quick ? 40000 : 200000;
  test_philox();
  test_distributions(large / 10);
  for (int i = 0; i < isa_count(); ++i) {
    if (!isa_supported(i)) continue;
    set_isa(isa_name(i));
    const int before = g_checks;
    test_optimizers(large);
    test_all_rows(large);
    test_vectors(large);
    for (const int64_t n : {1, 7, 8, 9, 17, 129, 20000}) test_dropout(n);
    std::printf("%-10s passes %d checks\n", isa_name(i), g_checks - before);
  }
}

}  // namespace fastnn::test
