// A training step allocates nothing: every malloc and operator new of the process is counted while
// hundreds of steps run, on one thread and on two, for each optimiser and float type; of a
// convolutional network too.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "check.h"
#include "dispatch/isa.h"
#include "graph/training.h"

namespace {
std::atomic<long> g_allocations{0};
}

// glibc lets a program put its own malloc before the library's; elsewhere operator new is counted.
// (Seen by other libraries: Clang hides them under -fvisibility=hidden, GCC does not.)
#if defined(__GLIBC__)
#pragma GCC visibility push(default)
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t bytes) {
  ++g_allocations;
  return __libc_malloc(bytes);
}
void* calloc(size_t n, size_t bytes) {
  ++g_allocations;
  return __libc_calloc(n, bytes);
}
void* realloc(void* old, size_t bytes) {
  ++g_allocations;
  return __libc_realloc(old, bytes);
}
void* memalign(size_t align, size_t bytes) {
  ++g_allocations;
  return __libc_memalign(align, bytes);
}
void* aligned_alloc(size_t align, size_t bytes) { return memalign(align, bytes); }
int posix_memalign(void** out, size_t align, size_t bytes) {
  *out = memalign(align, bytes);
  return *out ? 0 : 12;
}
}
#pragma GCC visibility pop
#else
void* operator new(size_t bytes) {
  ++g_allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++g_allocations;
  return std::malloc(bytes ? bytes : 1);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
#endif

namespace fastnn::test {
namespace {

constexpr int64_t kRows = 1000, kInputs = 64, kHidden = 128, kClasses = 10, kBatch64 = 64;
constexpr int64_t kSide = 8, kFilters = 8, kPixels = kSide * kSide;
static_assert(kPixels == kInputs);

// A network under a cost of labels; the layers say what stands between.
struct Problem {
  Problem(DType real, const Shape& input) : graph(real) {
    x = graph.input(input, real);
    y = graph.input({1, {kBatch}}, DType::kInt64);
  }
  int add(const char* op, const char* where, const std::vector<int>& in,
          const std::vector<NamedAttr>& attrs = {}) {
    return graph.add(op, where, in, attrs)[0];
  }
  int dense(const char* where, int in, int64_t inputs, int64_t units) {
    const int w = graph.parameter({2, {units, inputs}}, true, true);
    return add("linear", where, {in, w, graph.parameter({1, {units}}, true, false)});
  }
  int convolution(const char* where, int in, int64_t channels) {
    const int w = graph.parameter({4, {kFilters, channels, 3, 3}}, true, true);
    const int b = graph.parameter({1, {kFilters}}, true, false);
    return add("conv2d", where, {in, w, b},
               {{"stride", {1, 1}}, {"padding", {1, 1, 1, 1}}, {"dilation", {1, 1}}});
  }
  int batch_norm(int in) {
    const Shape shape{1, {kFilters}};
    const int scale = graph.parameter(shape, true, true);
    const int shift = graph.parameter(shape, true, false);
    const int mean = graph.state(shape), variance = graph.state(shape);
    const std::vector<int> out =
        graph.add("batch_norm", "norm", {in, scale, shift, mean, variance}, {});
    graph.update(mean, out[1]);
    graph.update(variance, out[2]);
    return out[0];
  }
  void end_in(int z) {
    loss = add("softmax_cross_entropy", "loss", {z, y});
    accuracy = add("accuracy", "accuracy", {z, y});
  }
  Graph graph;
  int x = 0, y = 0, loss = 0, accuracy = 0;
};

struct Perceptron : Problem {
  static constexpr const char* kName = "perceptron";
  explicit Perceptron(DType real) : Problem(real, {2, {kBatch, kInputs}}) {
    const int h = add("relu", "relu", {dense("dense1", x, kInputs, kHidden)});
    end_in(dense("dense2", h, kHidden, kClasses));
  }
};

// Two convolutions, for the first has no gradient for its input.
struct Convolutional : Problem {
  static constexpr const char* kName = "convolutional network";
  explicit Convolutional(DType real) : Problem(real, {4, {kBatch, kSide, kSide, 1}}) {
    int h = add("relu", "relu1", {batch_norm(convolution("conv1", x, 1))});
    h = add("relu", "relu2", {convolution("conv2", h, kFilters)});
    h = add("reshape", "flatten", {h}, {{"shape", {-1, kPixels * kFilters}}});
    NamedAttr rate{"rate", {}, 0.25, true};
    end_in(dense("dense", add("dropout", "dropout", {h}, {rate}), kPixels * kFilters, kClasses));
  }
};

// Counts over `run`; the vector of metrics is one allocation a call.
template <class Network>
void test_run(DType real, const char* optimizer, int threads,
              const std::vector<NamedHyper>& hyper = {}) {
  set_thread_count(threads);
  const Network problem(real);
  Numbers numbers{7};
  std::vector<double> theta64 = numbers.vector<double>(problem.graph.parameter_elements());
  std::vector<float> theta32(theta64.begin(), theta64.end());
  std::vector<double> states64(problem.graph.state_elements(), 1);
  std::vector<float> states32(states64.begin(), states64.end());
  const std::vector<float> x = numbers.vector<float>(kRows * kInputs);  // cast while it is gathered
  std::vector<int64_t> y(kRows), order(kRows);
  for (int64_t i = 0; i < kRows; ++i) y[i] = i % kClasses, order[i] = (i * 7) % kRows;
  UpdateRule rule;
  rule.optimizer = optimizer;
  rule.hyper = hyper;
  rule.l1 = 1e-5, rule.l2 = 1e-4, rule.clip_norm = 1, rule.max_norm = 3;
  const bool wide = real == DType::kFloat64;
  void* theta = wide ? static_cast<void*>(theta64.data()) : theta32.data();
  void* states = wide ? static_cast<void*>(states64.data()) : states32.data();
  Training training(problem.graph, problem.loss, {problem.accuracy}, rule, 1, theta, states);
  const std::vector<Feed> feeds{{problem.x, DType::kFloat32, x.data(), kInputs, kRows},
                                {problem.y, DType::kInt64, y.data(), 1, kRows}};
  const std::vector<double> lr(kRows, 1e-3);

  for (const int64_t batch : {kBatch64, int64_t{1}}) {
    const int64_t steps = (kRows + batch - 1) / batch;
    // Compiles the plans, that of the last and shorter batch too.
    training.run(feeds, order.data(), kRows, batch, lr.data(), 1e9);
    const long before = g_allocations;
    const Progress done = training.run(feeds, order.data(), kRows, batch, lr.data(), 1e9);
    const long counted = g_allocations - before;
    check(done.steps == steps && counted <= 1,
          "%s, %s %s, %d threads, batches of %lld: %ld allocations in %lld steps", Network::kName,
          optimizer, name_of(real), threads, static_cast<long long>(batch), counted,
          static_cast<long long>(done.steps));
  }
}

// One step on given arrays, without metrics: not one allocation.
void test_step() {
  const Perceptron problem(DType::kFloat32);
  Numbers numbers{3};
  std::vector<float> theta = numbers.vector<float>(problem.graph.parameter_elements());
  const std::vector<float> x = numbers.vector<float>(kBatch64 * kInputs);
  const std::vector<int64_t> y(kBatch64, 1);
  Training training(problem.graph, problem.loss, {}, UpdateRule{}, 1, theta.data(), nullptr);
  const std::vector<std::pair<int, const void*>> inputs{{problem.x, x.data()},
                                                        {problem.y, y.data()}};
  training.step(inputs, kBatch64, 0.1, true);
  const long before = g_allocations;
  for (int i = 0; i < 100; ++i) training.step(inputs, kBatch64, 0.1, true);
  check(g_allocations == before, "step: %ld allocations in 100 steps", g_allocations - before);
}

}  // namespace
}  // namespace fastnn::test

int main() {
  using namespace fastnn;
  const long before = g_allocations;
  void* volatile probe = ::operator new(1);  // volatile: an optimiser may drop a new and its delete
  ::operator delete(probe);
  if (g_allocations == before) {
    std::printf("allocations are not counted\n");
    return 1;
  }
  for (const int threads : {1, 2})
    for (const DType real : {DType::kFloat32, DType::kFloat64}) {
      for (int i = 0; i < table().n_optimizers; ++i)
        test::test_run<test::Perceptron>(real, table().optimizers[i]->name, threads);
      test::test_run<test::Convolutional>(real, "sgd", threads, {{"momentum", 0.9}});
    }
  test::test_step();
  std::printf("allocations: %d checks, %d failed\n", test::g_checks, test::g_failures);
  return test::g_failures ? 1 : 0;
}
