// A training step allocates nothing: every malloc and operator new of the process is counted while
// hundreds of steps run, on one thread and on two, for each optimiser and float type.
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
#if defined(__GLIBC__)
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

struct Problem {
  explicit Problem(DType real) : graph(real) {
    x = graph.input({2, {kBatch, kInputs}}, real);
    y = graph.input({1, {kBatch}}, DType::kInt64);
    const int w1 = graph.parameter({2, {kHidden, kInputs}}, true, true);
    const int b1 = graph.parameter({1, {kHidden}}, true, false);
    const int w2 = graph.parameter({2, {kClasses, kHidden}}, true, true);
    const int b2 = graph.parameter({1, {kClasses}}, true, false);
    const int h = graph.add("relu", "relu", graph.add("linear", "dense1", {x, w1, b1}, {}), {})[0];
    const int z = graph.add("linear", "dense2", {h, w2, b2}, {})[0];
    loss = graph.add("softmax_cross_entropy", "loss", {z, y}, {})[0];
    accuracy = graph.add("accuracy", "accuracy", {z, y}, {})[0];
  }
  Graph graph;
  int x, y, loss, accuracy;
};

// Counts over `run` with `steps_per_call` steps; the vector of metrics is one allocation a call.
void test_run(DType real, const char* optimizer, int threads) {
  set_thread_count(threads);
  const Problem problem(real);
  Numbers numbers{7};
  std::vector<double> theta64 = numbers.vector<double>(problem.graph.parameter_elements());
  std::vector<float> theta32(theta64.begin(), theta64.end());
  const std::vector<float> x = numbers.vector<float>(kRows * kInputs);  // cast while it is gathered
  std::vector<int64_t> y(kRows), order(kRows);
  for (int64_t i = 0; i < kRows; ++i) y[i] = i % kClasses, order[i] = (i * 7) % kRows;
  UpdateRule rule;
  rule.optimizer = optimizer;
  rule.l1 = 1e-5, rule.l2 = 1e-4, rule.clip_norm = 1, rule.max_norm = 3;
  void* theta = real == DType::kFloat64 ? static_cast<void*>(theta64.data()) : theta32.data();
  Training training(problem.graph, problem.loss, {problem.accuracy}, rule, 1, theta, nullptr);
  const std::vector<Feed> feeds{{problem.x, DType::kFloat32, x.data(), kInputs, kRows},
                                {problem.y, DType::kInt64, y.data(), 1, kRows}};
  const std::vector<double> lr(kRows, 1e-3);
  const char* name = name_of(real);

  training.run(feeds, order.data(), kRows, kBatch64, lr.data(), 1e9);  // compiles both plans
  long before = g_allocations;
  const Progress done = training.run(feeds, order.data(), kRows, kBatch64, lr.data(), 1e9);
  long counted = g_allocations - before;
  check(done.steps == 16 && counted <= 1, "%s %s, %d threads: %ld allocations in %ld steps",
        optimizer, name, threads, counted, static_cast<long>(done.steps));

  training.run(feeds, order.data(), 1, 1, lr.data(), 1e9);
  before = g_allocations;
  const Progress many = training.run(feeds, order.data(), kRows, 1, lr.data(), 1e9);
  counted = g_allocations - before;
  check(many.steps == kRows && counted <= 1, "%s %s, %d threads: %ld allocations in %ld steps",
        optimizer, name, threads, counted, static_cast<long>(many.steps));
}

// One step on given arrays, without metrics: not one allocation.
void test_step() {
  const Problem problem(DType::kFloat32);
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
    for (const DType real : {DType::kFloat32, DType::kFloat64})
      for (int i = 0; i < table().n_optimizers; ++i)
        test::test_run(real, table().optimizers[i]->name, threads);
  test::test_step();
  std::printf("allocations: %d checks, %d failed\n", test::g_checks, test::g_failures);
  return test::g_failures ? 1 : 0;
}
