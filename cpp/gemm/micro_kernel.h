// Outer-product tile:  C[R x V vectors] (+)= sum_p A[:, p] B[p, :], accumulators in registers.
//
// A is read by broadcast at any strides, packed or not: addressing costs nothing, the six rows of
// AVX2 fit x86's base + index form. B is read as V whole vectors per row, packed or not; where B
// itself is read and its last rows end before the last vector does, those rows stand in a tail.
#pragma once
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

// `count` tiles, each `*_step` elements from the one before: one below the other against one panel
// of B, or side by side against one tile of A.
template <class T>
struct TileArgs {
  int64_t count;
  int64_t k;  // >= 1
  const T* a;
  int64_t a_row, a_col, a_step;
  const T* b;
  int64_t b_row, b_step;
  const T* tail;  // the last tail_rows rows of b, V vectors each
  int64_t tail_rows;
  T* copy;  // kCopy: the panel is left here, packed, for the tiles to come
  T* c;
  int64_t ldc, c_step;
  int64_t cols;   // valid columns, <= V * lanes
  bool add;       // C += instead of C =
  bool plain;     // whole vectors, no bias, no activation
  const T* bias;  // of the first row or column, or null
  int64_t bias_step;
  bool bias_per_row;
  Activation activation;  // kLinear until the last block of k
  double alpha;
};

// A tile in memory: what a plain store of the registers cannot do. Out of line, R and V at run
// time.
template <class T>
[[gnu::noinline, gnu::noclone]] static void finish_tile(const TileArgs<T>& t, const T* bias, T* c0,
                                                        T* tile, int rows, int width) {
  for (int i = 0; i < rows; ++i) {
    T* row = tile + i * width;
    const T* c = c0 + i * t.ldc;
    if (t.add)
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += c[j];
    if (bias && t.bias_per_row) {
      const T b = bias[i];
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += b;
    } else if (bias) {
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += bias[j];
    }
  }
  activate(t.activation, t.alpha, tile, rows * width);  // one call for the tile, not one per row
  for (int i = 0; i < rows; ++i)
    __builtin_memcpy(c0 + i * t.ldc, tile + i * width, t.cols * sizeof(T));
}

// kCopy: the first tile of a panel packs it on the way. Its stores hide behind the multiplications
// ((128, 512, 512) with B by rows: 93% of the FMA peak instead of 87%, AMD EPYC, GCC 12).
template <class T, int R, int V, bool kCopy>
static void tile(const TileArgs<T>& t) {
  constexpr int L = kLanes<T>, kWidth = V * L;
  const int64_t a_row = t.a_row, a_col = t.a_col, ldc = t.ldc;
  for (int64_t n = 0; n < t.count; ++n) {
    T* c = t.c + n * t.c_step;
    if (t.k > 32)  // a short tile ends before the lines are there: 4% slower at (30, 784, 10)
      for (int i = 0; i < R; ++i) __builtin_prefetch(c + i * ldc, 1);
    const T* a = t.a + n * t.a_step;
    const T* b = t.b + n * t.b_step;
    Vector<T> acc[R][V];
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
      for (int v = 0; v < V; ++v) acc[i][v] = Vector<T>{};
    int64_t rows = t.k - t.tail_rows, b_row = t.b_row;
    T* copy = t.copy;
    for (bool more = t.tail_rows > 0;; more = false) {
#pragma GCC unroll 2
      for (int64_t p = 0; p < rows; ++p) {
        Vector<T> bv[V];
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) bv[v] = load(b + v * L);
        if constexpr (kCopy) {
          __builtin_prefetch(b + 16 * b_row);  // each row may be on another page
#pragma GCC unroll 64
          for (int v = 0; v < V; ++v) store(copy + v * L, bv[v]);
          copy += V * L;
        }
#pragma GCC unroll 64
        for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
          for (int v = 0; v < V; ++v) acc[i][v] += a[i * a_row] * bv[v];
        a += a_col;
        b += b_row;
      }
      if (!more) break;
      b = t.tail;
      b_row = kWidth;
      rows = t.tail_rows;
    }
    if (t.plain && !t.add) {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) store(c + i * ldc + v * L, acc[i][v]);
    } else if (t.plain) {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v)
          store(c + i * ldc + v * L, load(c + i * ldc + v * L) + acc[i][v]);
    } else {
      alignas(64) T out[R * kWidth];
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) store(out + i * kWidth + v * L, acc[i][v]);
      finish_tile(t, t.bias ? t.bias + n * t.bias_step : nullptr, c, out, R, kWidth);
    }
  }
}

template <class T>
using TileKernel = void (*)(const TileArgs<T>&);

// Kernels by rows (1..mr) and vectors (1..wide_nr(rows)); null where a tile is never that wide.
template <class T>
struct TileKernels {
  TileKernel<T> at[kBlocking.mr + 1][4 * kBlocking.nr + 1] = {};
  TileKernel<T> copy[kBlocking.mr + 1] = {};  // of a whole panel

  template <int R, int V>
  constexpr void add() {
    at[R][V] = tile<T, R, V, false>;
    if constexpr (V > 1) add<R, V - 1>();
  }
  template <int R>
  constexpr void add_rows() {
    add<R, wide_nr(R)>();
    copy[R] = tile<T, R, kBlocking.nr, true>;
    if constexpr (R > 1) add_rows<R - 1>();
  }
  constexpr TileKernels() { add_rows<kBlocking.mr>(); }
};
template <class T>
static constexpr TileKernels<T> kTileKernels{};

}  // namespace fastnn::FASTNN_ISA
