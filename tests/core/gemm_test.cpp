// gemm against the sum written out in double, over shapes around every tile edge, all strides of A
// and B, every epilogue; nothing outside C may change, and 1 and 2 threads give the same bits.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/parallel.h"
#include "check.h"
#include "dispatch/isa.h"

namespace fastnn::test {
namespace {

const GemmKernels<float>& kernels(float) { return table().gemm_f32; }
const GemmKernels<double>& kernels(double) { return table().gemm_f64; }

struct Case {
  int64_t m, n, k;
  bool a_t, b_t;     // stored transposed
  int64_t pad = 0;   // added to each leading dimension
  int64_t step = 1;  // distance of neighbours in A and B: 2 makes no stride 1
  bool accumulate = false;
  int bias = 0;  // 0 none, 1 per column, 2 per row
  Activation activation = Activation::kLinear;
  Precision precision = Precision::kFull;
};

// As the product sees a number of A or B.
double operand(float x, Precision precision) {
  if (precision == Precision::kFull) return x;
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  std::memcpy(&x, &bits, 4);
  return x;
}
double operand(double x, Precision) { return x; }

double value(Activation kind, double alpha, double x) {
  switch (kind) {
    case Activation::kLinear:
      return x;
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kRelu:
      return x < 0 ? 0 : x;
    case Activation::kLeakyRelu:
      return x < 0 ? alpha * x : x;
    default:  // the others are the ops' own tests' matter: tests/simd/test_activation.py
      return x;
  }
}

// Scratch exactly as long as asked for, so that ASan sees one byte too many.
template <class T>
void run(const Gemm<T>& g) {
  const int64_t bytes = kernels(T()).scratch(g);
  void* exact = std::aligned_alloc(64, (static_cast<size_t>(bytes) + 63) / 64 * 64);
  kernels(T()).run(g, exact);
  std::free(exact);
}

template <class T>
void test(const char* isa, const Case& t) {
  Numbers random{static_cast<uint64_t>(t.m * 1000003 + t.n * 1009 + t.k)};
  const int64_t ld_a = ((t.a_t ? t.m : t.k) + t.pad) * t.step,
                ld_b = ((t.b_t ? t.k : t.n) + t.pad) * t.step;
  const int64_t ldc = t.n + t.pad;
  // The last line of each operand ends with its last element: reading further is an error.
  const auto extent = [&](int64_t lines, int64_t ld, int64_t length) {
    return lines && length ? (lines - 1) * ld + (length - 1) * t.step + 1 : 0;
  };
  const auto a = random.vector<T>(extent(t.a_t ? t.k : t.m, ld_a, t.a_t ? t.m : t.k));
  const auto b = random.vector<T>(extent(t.b_t ? t.n : t.k, ld_b, t.b_t ? t.k : t.n));
  const auto c = random.vector<T>(t.m && t.n ? (t.m - 1) * ldc + t.n : 0);
  const auto bias = random.vector<T>(t.bias == 0 ? 0 : t.bias == 1 ? t.n : t.m);
  std::vector<T> y = c;

  Gemm<T> g{t.m,
            t.n,
            t.k,
            a.data(),
            t.a_t ? t.step : ld_a,
            t.a_t ? ld_a : t.step,
            b.data(),
            t.b_t ? t.step : ld_b,
            t.b_t ? ld_b : t.step,
            y.data(),
            ldc};
  g.accumulate = t.accumulate;
  g.bias = t.bias ? bias.data() : nullptr;
  g.bias_per_row = t.bias == 2;
  g.activation = t.activation;
  g.alpha = 0.1;
  g.precision = t.precision;
  set_thread_count(1);
  run(g);

  // |error| <= eps * (k + 4) * sum |a b| holds for any order of summation; the activations are
  // 1-Lipschitz and good to a few eps.
  const double eps = std::numeric_limits<T>::epsilon();
  for (int64_t i = 0; i < t.m; ++i)
    for (int64_t j = 0; j < ldc && i * ldc + j < static_cast<int64_t>(y.size()); ++j) {
      const double old = c[i * ldc + j], got = y[i * ldc + j];
      double sum = 0, size = 1;
      if (j < t.n) {
        if (t.accumulate) sum = old;
        for (int64_t p = 0; p < t.k; ++p) {
          const double ab = operand(a[i * g.a_row + p * g.a_col], t.precision) *
                            operand(b[p * g.b_row + j * g.b_col], t.precision);
          sum += ab;
          size += std::fabs(ab);
        }
        if (t.bias) sum += bias[t.bias == 1 ? j : i];
      }
      const double want = j < t.n ? value(t.activation, g.alpha, sum) : old;
      const double tolerance = j < t.n ? eps * (std::sqrt(double(t.k)) + 4) * size : 0;
      if (!check(std::fabs(got - want) <= tolerance,
                 "%s f%d (%ld, %ld, %ld) a_t %d b_t %d pad %ld step %ld acc %d bias %d act %d: "
                 "c(%ld, %ld) is %.9g, not %.9g",
                 isa, int(8 * sizeof(T)), long(t.m), long(t.n), long(t.k), t.a_t, t.b_t,
                 long(t.pad), long(t.step), t.accumulate, t.bias, int(t.activation), long(i),
                 long(j), got, want))
        return;
    }

  std::vector<T> again = c;
  g.c = again.data();
  set_thread_count(2);
  run(g);
  check(y.empty() || !std::memcmp(y.data(), again.data(), y.size() * sizeof(T)),
        "%s f%d (%ld, %ld, %ld) a_t %d b_t %d: 2 threads give other bits", isa, int(8 * sizeof(T)),
        long(t.m), long(t.n), long(t.k), t.a_t, t.b_t);
  set_thread_count(1);
  if (t.precision != Precision::kBf16 || !std::strcmp(isa, "avx512")) return;
  again = c;
  g.precision = Precision::kBf16Emulated;
  run(g);
  check(y.empty() || !std::memcmp(y.data(), again.data(), y.size() * sizeof(T)),
        "%s (%ld, %ld, %ld) a_t %d b_t %d: emulated bf16 gives other bits", isa, long(t.m),
        long(t.n), long(t.k), t.a_t, t.b_t);
}

void both(const char* isa, const Case& t) {
  test<float>(isa, t);
  test<double>(isa, t);
}

void every_layout(const char* isa, Case t) {
  for (int layout = 0; layout < 4; ++layout) {
    t.a_t = layout & 1;
    t.b_t = layout & 2;
    both(isa, t);
  }
}

void in_pairs(const char* isa, Case t) {
  t.precision = bf16();
  for (int layout = 0; layout < 4; ++layout) {
    t.a_t = layout & 1;
    t.b_t = layout & 2;
    test<float>(isa, t);
  }
}

// A NaN or an infinity reaches its row (column) of C and no other.
template <class T>
void test_nan(const char* isa, int64_t m, int64_t n, int64_t k, bool b_t) {
  std::vector<T> a(m * k, T(1)), b(k * n, T(1)), c(m * n);
  a[(m - 1) * k + k - 1] = std::numeric_limits<T>::quiet_NaN();
  const int64_t j_inf = n - 1;
  b[b_t ? j_inf * k : j_inf] = std::numeric_limits<T>::infinity();
  Gemm<T> g{m, n, k, a.data(), k, 1, b.data(), b_t ? 1 : n, b_t ? k : 1, c.data(), n};
  g.activation = Activation::kRelu;
  run(g);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const T y = c[i * n + j];
      const bool good = i == m - 1 ? std::isnan(y) : j == j_inf ? std::isinf(y) : y == T(k);
      check(good, "%s NaN (%ld, %ld, %ld) b_t %d: c(%ld, %ld) is %g", isa, long(m), long(n),
            long(k), b_t, long(i), long(j), double(y));
    }
}

}  // namespace

void test_gemm(const char* isa) {
  const int64_t edges[] = {0, 1, 2, 5, 7, 8, 9, 14, 15, 16, 17, 31, 33};
  for (const int64_t m : edges)
    for (const int64_t n : edges)
      for (const int64_t k : {0, 1, 3, 8, 17, 33}) every_layout(isa, {m, n, k, false, false});

  // Several tiles, blocks of k and tasks; the shapes that decide the product.
  const int64_t shapes[][3] = {{10, 30, 784},  {10, 10, 30},   {30, 784, 10}, {128, 10, 512},
                               {1, 30, 784},   {64, 120, 400}, {6, 784, 25},  {97, 83, 257},
                               {400, 70, 300}, {13, 1, 1025},  {1, 129, 517}, {70, 500, 130},
                               {128, 130, 70}, {3, 300, 40},   {2, 45, 2100}};
  for (const auto& s : shapes) every_layout(isa, {s[0], s[1], s[2], false, false});
  // A is packed in several groups; threads share the tiles.
  both(isa, {1000, 70, 1500, true, false});
  both(isa, {500, 70, 300, false, true});
  both(isa, {5700, 70, 190, true, false});   // more rows than are packed at once
  both(isa, {400, 70, 1100, false, false});  // rows of A far apart
  both(isa, {250, 70, 1300, false, false});  // B packed alone, several blocks of k
  both(isa, {7, 1100, 130, false, false});
  both(isa, {9, 1100, 130, false, false});  // rows of B, and columns, asked for ahead
  both(isa, {25, 1100, 130, false, false});
  both(isa, {20, 70, 2100, false, true});
  both(isa, {500, 520, 1100, false, false});  // sweeps over A that begin amid its blocks

  for (const int64_t m : edges)
    for (const int64_t n : edges)
      for (const int64_t k : {0, 1, 2, 33}) in_pairs(isa, {m, n, k, false, false});
  for (const auto& s : shapes) in_pairs(isa, {s[0], s[1], s[2], false, false});
  in_pairs(isa, {5700, 70, 390, false, false});
  in_pairs(isa, {250, 70, 2300, false, false});
  for (int step = 1; step <= 2; ++step) {
    in_pairs(isa, {30, 17, 301, false, false, 5, step, true});
    for (int bias = 1; bias < 3; ++bias)
      in_pairs(isa, {30, 17, 41, false, false, 0, step, false, bias, Activation::kRelu});
  }

  const int64_t some[][3] = {{7, 33, 20}, {30, 17, 300}, {40, 100, 65}, {5, 3, 70},
                             {1, 50, 40}, {50, 1, 40},   {9, 9, 0}};
  for (const auto& s : some)
    for (int pad = 0; pad < 6; pad += 5)
      for (int step = 1; step <= 2; ++step) {
        every_layout(isa, {s[0], s[1], s[2], false, false, pad, step, true});
        for (int bias = 0; bias < 3; ++bias)
          for (int f = 0; f < 5; ++f)
            every_layout(isa, {s[0], s[1], s[2], false, false, pad, step, false, bias,
                               static_cast<Activation>(f)});
      }
  for (const bool b_t : {false, true})
    for (const int64_t k : {3, 11, 70}) {
      test_nan<float>(isa, 13, 35, k, b_t);
      test_nan<double>(isa, 13, 35, k, b_t);
    }
}

}  // namespace fastnn::test
