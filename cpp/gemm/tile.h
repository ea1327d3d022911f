// The tile of micro_kernel.h, for whatever product its elements have.
#pragma once
#include "gemm/micro_kernel.h"

namespace fastnn::FASTNN_ISA {

// A tile in memory: what a plain store of the registers cannot do.
template <class T>
void finish_tile(const TileArgs<T>& t, int64_t n, T* c0, T* tile, int rows, int width);

// kCopy: the first tile of a panel packs it on the way. Its stores hide behind the multiplications
// ((128, 512, 512) with B by rows: 93% of the FMA peak instead of 87%, AMD EPYC, GCC 12).
template <class T, int R, int V, bool kCopy, class Product>
static void tile(const TileArgs<T>& t) {
  constexpr int L = kLanes<T>, kWidth = V * L;
  const int64_t a_row = t.a_row, a_col = t.a_col, ldc = t.ldc;
  for (int64_t n = 0; n < t.count; ++n) {
    T* c = t.c + n * t.c_step;
    if (t.k > 32)  // a short tile ends before the lines are there: 4% slower at (30, 784, 10)
      for (int i = 0; i < R; ++i) __builtin_prefetch(c + i * ldc, 1);
    Vector<T> acc[R][V];
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
      for (int v = 0; v < V; ++v) acc[i][v] = Vector<T>{};
    T* copy = t.copy;
    for (int64_t s = 0; s < t.n_stretches; ++s) {
      const Stretch<T>& at = t.stretches[s];
      const T* a = t.a + n * t.a_step + at.a;
      const T* b = at.b + n * t.b_step;
      const int64_t rows = at.k, b_row = at.b_row;
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
          for (int v = 0; v < V; ++v) acc[i][v] = Product::add(acc[i][v], a + i * a_row, bv[v]);
        a += a_col;
        b += b_row;
      }
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
      finish_tile(t, n, c, out, R, kWidth);
    }
  }
}

}  // namespace fastnn::FASTNN_ISA
