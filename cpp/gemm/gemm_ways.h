// The two ways of a product: sums of lanes where both operands lie along k, else outer-product
// tiles; and what they share.
#pragma once
#include "gemm/blocking.h"
#include "gemm/cut.h"
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

struct Choice {
  bool dot;     // both operands along k, sums of lanes at the end; else outer-product tiles, with
  bool pack_a;  // A copied tile by tile into scratch first
  bool pack_b;  // each panel of B copied into L1 just before use (the last, partial one always is)
};

constexpr double kTaskFmas = 16e3;  // least vector FMAs of a task: 2 us with AVX2, 4 with AVX-512
constexpr int64_t kEnoughTasks = 12, kMaxTasks = 64;
constexpr double kLongTaskFmas = 64e6;  // but 20 ms are enough: Ctrl-C is heard between tasks
constexpr int64_t kMostLong = 4096;

struct Grid {
  int64_t rows, cols;  // tasks along m and n
};

// Panels first, at least `wide` of them to a task where that leaves enough tasks. Rows too where
// the tasks are few or an odd few: each part of the rows packs B again, so they are cut no finer
// than it takes (1024 cubed: 2% faster in one part than in two; on 2 cores 512 cubed 2 to 4%, (600,
// 448, 600) with B along k 7%). Many cores would like more tasks of middling products.
static inline Grid grid_of(int64_t tiles, int64_t panels, double fmas, int64_t wide) {
  const double share = fmas / kTaskFmas, longs = fmas / kLongTaskFmas;
  const int64_t wanted = share < 1           ? 1
                         : share < kMaxTasks ? static_cast<int64_t>(share)
                         : longs < kMaxTasks ? kMaxTasks
                         : longs < kMostLong ? static_cast<int64_t>(longs)
                                             : kMostLong;
  Grid grid;
  grid.cols = least(up(panels, wide) < kEnoughTasks ? panels : up(panels, wide), wanted);
  const int64_t tallest = grid.cols < 8              ? 8
                          : grid.cols < kEnoughTasks ? 32
                          : grid.cols < 16           ? 64
                                                     : 192;
  grid.rows = least(wanted / grid.cols, up(tiles, tallest));
  if (grid.cols % 2 && grid.cols < 16 && wanted > 1 && tiles > 1)
    grid.rows = grid.rows < 2 ? 2 : grid.rows / 2 * 2;
  return grid;
}

template <class T>
double nanoseconds(const Gemm<T>& g) {
  return double(g.m) * up(g.n, kLanes<T>) * g.k / kBlocking.fma_per_ns;
}

template <class T>
void run_dot(const Gemm<T>& g);

// Bytes of working memory, and the product.
template <class T>
int64_t tiles_scratch(const Gemm<T>& g, Choice choice);
template <class T>
void run_tiles(const Gemm<T>& g, Choice choice, void* scratch);

// scale, bias, residual and activation on rows [i0, i1), columns [j0, j1) of C.
template <class T>
void finish(const Gemm<T>& g, int64_t i0, int64_t i1, int64_t j0, int64_t j1);

}  // namespace fastnn::FASTNN_ISA
