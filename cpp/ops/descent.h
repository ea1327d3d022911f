// The update of a dense layer's weight, without its gradient in memory:  w (K, D), dw = dz^T x
//
// Plain descent is one product, w += (-lr dz)^T x, which takes dz along. Any other optimiser
// follows rows of dw block by block, while a block is in L2: of a large weight neither the gradient
// nor the look for NaN in it passes through memory (AlexNet, batch 16: 349 ms instead of 360).
#pragma once
#include "gemm/cut.h"
#include "ops/dense.h"
#include "ops/op.h"
#include "simd/vector.h"

namespace fastnn::FASTNN_ISA {

template <class T>
struct DenseDescent {
  static constexpr int64_t kBlockBytes = 256 << 10;
  static constexpr int64_t kTasks = 16;  // each with a block of its own

  Gemm<T> whole;  // dw
  int64_t block;  // rows of dw
  int64_t blocks, tasks;

  explicit DenseDescent(const Gemm<T>& dw) : whole(dw) {
    const int64_t row_bytes = most(whole.n * static_cast<int64_t>(sizeof(T)), 1);
    const int64_t rows = most(kBlockBytes / row_bytes, 4),
                  fours = most(up(up(whole.m, rows), 4), 1);
    block = most(up(whole.m, fours * 4), 1);  // as many for 2 or 4 threads
    blocks = up(whole.m, block);
    tasks = least(blocks, kTasks);
  }

  Gemm<T> rows(int64_t begin, int64_t count, T* into) const {
    Gemm<T> g = whole;
    g.m = count;
    g.a += begin * g.a_row;
    g.c = into;
    g.accumulate = false;
    return g;
  }
  int64_t block_bytes() const { return align64(block * whole.n * static_cast<int64_t>(sizeof(T))); }
  int64_t task_bytes() const {
    return block_bytes() + align64(gemm_scratch(rows(0, block, nullptr)));
  }
  int64_t scratch() const { return tasks * task_bytes(); }

  void run(const Optimizer& optimizer, Update& u, void* scratch) const {
    constexpr int kReal = sizeof(T) > 4;
    constexpr double kNs = 0.6;  // of a parameter's way through memory
    double partial[kTasks] = {};
    const double cost = double(whole.m) * whole.n * (kNs + whole.k * 0.02);
    parallel(tasks, cost, [&](int64_t task) {
      char* const memory = static_cast<char*>(scratch) + task * task_bytes();
      T* const dw = reinterpret_cast<T*>(memory);
      const Cut cut(blocks, tasks);
      for (int64_t i = cut(task); i < cut(task + 1); ++i) {
        const int64_t begin = i * block, count = least(block, whole.m - begin);
        gemm(rows(begin, count, dw), memory + block_bytes());
        Update part = u;
        part.n = count * whole.n;
        part.theta = static_cast<T*>(u.theta) + begin * whole.n;
        part.grad = dw;
        for (void*& state : part.state)
          if (state) state = static_cast<T*>(state) + begin * whole.n;
        optimizer.update[kReal](part);
        partial[task] += part.penalty;
      }
    });
    u.penalty = 0;
    for (const double p : partial) u.penalty += p;
  }
};

// No element of dw = dz^T x is larger, nor a sum on the way to it, nor one of dz.
template <class T>
static double dense_bound(int64_t rows, const Arg& x, const Arg& y) {
  const auto largest = vector_kernels.largest[sizeof(T) > 4];
  const bool known = !(x.largest < 0);  // NaN is known, too
  const double of_x = double(rows) * (known ? x.largest : largest(x.data, elements(x.shape)));
  const double of_dz = largest(y.grad, elements(y.shape));
  return of_dz * (of_x < 1 ? 1 : of_x);
}

// w += (-lr dz)^T x. The scratch is that of the product `dw`.
template <class T>
static void descend_plainly(Gemm<T> dw, T* dz, const Update& u, void* scratch) {
  const T rate = static_cast<T>(-u.lr);
  const int64_t count = dw.m * dw.k;
  parallel_chunks(count, 16384, count * 0.1, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) dz[i] *= rate;
  });
  dw.c = static_cast<T*>(u.theta);
  dw.accumulate = true;
  gemm(dw, scratch);
}

}  // namespace fastnn::FASTNN_ISA
