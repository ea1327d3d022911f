// C = act(A B + bias) where A and B lie along k: tiles of dot products.
#include "base/ahead.h"
#include "base/parallel.h"
#include "gemm/dot.h"
#include "gemm/gemm_ways.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
constexpr int64_t kLine = 64 / sizeof(T);
constexpr int64_t kAsked = 8;  // lines of a column at a time

// Lines of columns to come: from there on a core fetches along them by itself. Asked for between
// tiles, for no more than some twenty misses are in flight at once ((16, 4096, 9216) and (32, 4096,
// 4096): 5 to 8% faster, Zen 5).
template <class T>
void ask_columns(const T* b, int64_t b_col, int64_t cols) {
  for (int64_t j = 0; j < cols; ++j)
    for (int64_t i = 0; i < kAsked; ++i) __builtin_prefetch(b + j * b_col + i * kLine<T>);
}

template <class T>
void dot_rows(const Gemm<T>& g, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
  const DotTile most = dot_tile(i1 - i0, j1 - j0);
  const int64_t row_tiles = up(i1 - i0, most.rows);
  const int64_t col_tiles = up(j1 - j0, most.cols);
  const Cut row(i1 - i0, row_tiles), col(j1 - j0, col_tiles);
  constexpr int64_t kDepth = 1024 * 4 / sizeof(T);  // rows of both operands stay in L1
  // The longer side outside: the shorter operand stays in L1, the other streams by once. (By rows
  // outside (10, 30, 784) would read L2 a third less: no faster, the FMAs are what it waits for.)
  const bool rows_outside = i1 - i0 > j1 - j0;
  const bool far = !rows_outside && g.k * g.n * static_cast<int64_t>(sizeof(T)) > kL2Bytes;
  const int64_t outer = rows_outside ? row_tiles : col_tiles, inner = row_tiles * col_tiles / outer;
  for (int64_t p = 0; p < g.k; p += kDepth)
    for (int64_t to = 0; to < outer; ++to)
      for (int64_t ti = 0; ti < inner; ++ti) {
        const int64_t tr = rows_outside ? to : ti, tc = rows_outside ? ti : to;
        const int64_t i = i0 + row(tr), rows = i0 + row(tr + 1) - i;
        const int64_t j = j0 + col(tc), cols = j0 + col(tc + 1) - j;
        ask_ahead();
        const int64_t asked = (ti - 1) * kAsked * kLine<T>;
        if (far && ti > 0 && asked < least(kDepth, g.k - p) && tc + 1 < col_tiles)
          ask_columns(g.b + p + asked + (j + cols) * g.b_col, g.b_col, cols);
        kDotKernels<T>.at[rows][cols](least(kDepth, g.k - p), g.a + i * g.a_row + p, g.a_row,
                                      g.b + p + j * g.b_col, g.b_col, g.c + i * g.ldc + j, g.ldc,
                                      g.accumulate || p > 0);
      }
}

}  // namespace

template <class T>
void finish(const Gemm<T>& g, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
  for (int64_t i = i0; i < i1; ++i) {
    T* c = g.c + i * g.ldc;
    if (g.bias && g.bias_per_row) {
      const T b = g.bias[i], s = g.scale ? g.scale[i] : T(1);
#pragma omp simd
      for (int64_t j = j0; j < j1; ++j) c[j] = s * c[j] + b;
    } else if (g.scale) {
#pragma omp simd
      for (int64_t j = j0; j < j1; ++j) c[j] = g.scale[j] * c[j] + g.bias[j];
    } else if (g.bias) {
#pragma omp simd
      for (int64_t j = j0; j < j1; ++j) c[j] += g.bias[j];
    }
    if (g.residual)
#pragma omp simd
      for (int64_t j = j0; j < j1; ++j) c[j] += g.residual[i * g.ldc + j];
  }
  // Whole rows in one call: 10 rows of 30 sigmoids fill 19 vectors, not 20 and 10 times a tail.
  const bool whole = j1 - j0 == g.ldc;
  const int64_t run = whole ? (i1 - i0) * g.ldc : j1 - j0;
  for (int64_t i = i0; i < i1; i += whole ? i1 - i0 : 1)
    activate(g.activation, g.alpha, g.c + i * g.ldc + j0, run);
}

template <class T>
void run_dot(const Gemm<T>& g) {
  const Grid grid = grid_of(up(g.m, kBlocking.dot_rows), up(g.n, kBlocking.dot_cols),
                            double(g.m) * g.n * (up(g.k, kLanes<T>) + 6), 1);
  parallel(grid.rows * grid.cols, nanoseconds(g), [&](int64_t task) {
    const int64_t r = task / grid.cols, c = task % grid.cols;
    const Cut row(g.m, grid.rows), col(g.n, grid.cols);
    const int64_t i0 = row(r), i1 = row(r + 1), j0 = col(c), j1 = col(c + 1);
    dot_rows(g, i0, i1, j0, j1);
    finish(g, i0, i1, j0, j1);
  });
}

template void run_dot<float>(const Gemm<float>&);
template void run_dot<double>(const Gemm<double>&);
template void finish<float>(const Gemm<float>&, int64_t, int64_t, int64_t, int64_t);
template void finish<double>(const Gemm<double>&, int64_t, int64_t, int64_t, int64_t);

}  // namespace fastnn::FASTNN_ISA
