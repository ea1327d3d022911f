// Outer-product tile:  C[R x V vectors] (+)= sum_p A[:, p] B[p, :], accumulators in registers.
//
// A is read by broadcast at any strides, packed or not: addressing costs nothing, the six rows of
// AVX2 fit x86's base + index form. B is read as V vectors per row, packed or not, always whole
// vectors: the caller packs the last columns of a B whose rows end before.
#pragma once
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

template <class T>
struct TileArgs {
  int64_t k;  // >= 1
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row;
  T* c;
  int64_t ldc;
  int64_t cols;            // valid columns, <= V * lanes
  bool add;                // C += instead of C =
  const T* bias;           // for this tile, or null
  bool bias_per_row;
  Activation activation;   // kLinear until the last block of k
  double alpha;
};

// The tile in memory: whatever a register store cannot do. Kept out of line, R and V at run time.
template <class T>
static void finish_tile(const TileArgs<T>& t, T* tile, int rows, int width) {
  for (int i = 0; i < rows; ++i) {
    T* row = tile + i * width;
    const T* c = t.c + i * t.ldc;
    if (t.add)
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += c[j];
    if (t.bias && t.bias_per_row) {
      const T b = t.bias[i];
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += b;
    } else if (t.bias) {
#pragma omp simd
      for (int64_t j = 0; j < t.cols; ++j) row[j] += t.bias[j];
    }
  }
  activate(t.activation, t.alpha, tile, rows * width);  // one call: 5 ns for a tile of ReLU
  for (int i = 0; i < rows; ++i) __builtin_memcpy(t.c + i * t.ldc, tile + i * width, t.cols * sizeof(T));
}

template <class T, int R, int V>
static void tile(const TileArgs<T>& t) {
  constexpr int kWidth = V * kLanes<T>;
  const T* a = t.a;
  const T* b = t.b;
  const int64_t a_row = t.a_row, a_col = t.a_col, b_row = t.b_row;
  T* c = t.c;
  const int64_t ldc = t.ldc;
  for (int i = 0; i < R; ++i) __builtin_prefetch(c + i * ldc, 1);

  Vector<T> acc[R][V];
#pragma GCC unroll 64
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
    for (int v = 0; v < V; ++v) acc[i][v] = Vector<T>{};
#pragma GCC unroll 2
  for (int64_t p = 0; p < t.k; ++p) {
    Vector<T> bv[V];
#pragma GCC unroll 64
    for (int v = 0; v < V; ++v) bv[v] = load(b + v * kLanes<T>);
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
      for (int v = 0; v < V; ++v) acc[i][v] += a[i * a_row] * bv[v];
    a += a_col;
    b += b_row;
  }

  if (t.cols == kWidth && !t.bias && t.activation == Activation::kLinear) {
    if (t.add) {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) {
          T* y = c + i * ldc + v * kLanes<T>;
          store(y, load(y) + acc[i][v]);
        }
    } else {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) store(c + i * ldc + v * kLanes<T>, acc[i][v]);
    }
    return;
  }
  alignas(64) T out[R * kWidth];
#pragma GCC unroll 64
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
    for (int v = 0; v < V; ++v) store(out + i * kWidth + v * kLanes<T>, acc[i][v]);
  finish_tile(t, out, R, kWidth);
}

template <class T>
using TileKernel = void (*)(const TileArgs<T>&);

// Kernels by rows (1..mr) and vectors (1..wide_nr(rows)); null where a tile is never that wide.
template <class T>
struct TileKernels {
  TileKernel<T> at[kBlocking.mr + 1][4 * kBlocking.nr + 1] = {};

  template <int R, int V>
  constexpr void add() {
    at[R][V] = tile<T, R, V>;
    if constexpr (V > 1) add<R, V - 1>();
  }
  template <int R>
  constexpr void add_rows() {
    add<R, wide_nr(R)>();
    if constexpr (R > 1) add_rows<R - 1>();
  }
  constexpr TileKernels() { add_rows<kBlocking.mr>(); }
};
template <class T>
static constexpr TileKernels<T> kTileKernels{};

}  // namespace fastnn::FASTNN_ISA
