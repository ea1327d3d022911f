#include "gemm/micro_kernel.h"

#include "gemm/cut.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {
namespace {

// A tile in memory: what a plain store of the registers cannot do. Out of line, R and V at run
// time. Rows are moved together, so that the activation fills whole vectors.
template <class T>
[[gnu::noinline, gnu::noclone]] void finish_tile(const TileArgs<T>& t, int64_t n, T* c0, T* tile,
                                                 int rows, int width) {
  constexpr int L = kLanes<T>, kMost = 4 * kBlocking.nr * L;
  const T* const bias = t.bias ? t.bias + n * t.bias_step : nullptr;
  const T* const scale = t.scale ? t.scale + n * t.bias_step : nullptr;
  if (!bias && !t.residual && !t.add && t.activation == Activation::kLinear) {
    for (int i = 0; i < rows; ++i) copy_row(tile + i * width, t.cols, c0 + i * t.ldc);
    return;
  }
  alignas(64) T more[kMost], factors[kMost], before[kMost];
  store(more + width - L, Vector<T>{});  // zeros behind the valid columns
  store(factors + width - L, Vector<T>{});
  store(before + width - L, Vector<T>{});
  if (t.add)
    for (int i = 0; i < rows; ++i) {
      copy_row(c0 + i * t.ldc, t.cols, before);
      for (int j = 0; j < width; j += L)
        store(tile + i * width + j, load(tile + i * width + j) + load(before + j));
    }
  const bool along = bias && !t.bias_per_row;
  if (along) copy_row(bias, t.cols, more);
  if (along && scale) copy_row(scale, t.cols, factors);
  if (bias || t.residual || t.cols < width)
    for (int i = 0; i < rows; ++i) {
      const Vector<T> one = bias && !along ? fill(bias[i]) : Vector<T>{};
      const Vector<T> factor = fill(scale && !along ? scale[i] : T(1));
      if (t.residual) copy_row(t.residual + n * t.c_step + i * t.ldc, t.cols, before);
      for (int j = 0; j < width; j += L) {
        Vector<T> sum = load(tile + i * width + j);
        if (scale) sum *= along ? load(factors + j) : factor;
        sum += along ? load(more + j) : one;
        if (t.residual) sum += load(before + j);
        store(tile + i * t.cols + j, sum);
      }
    }
  // One call for the tile, not one per row.
  const int64_t count = rows * t.cols;
  activate(t.activation, t.alpha, tile, up(count, L) * L);
  const bool whole = t.ldc == t.cols;
  const int64_t run = whole ? count : t.cols;
  for (int64_t i = 0; i < count; i += run) copy_row(tile + i, run, c0 + i / t.cols * t.ldc);
}

// What a tile does with the rows of B besides multiplying.
enum class Rows {
  kRead,
  // The first tile of a panel packs it on the way. Its stores hide behind the multiplications
  // ((128, 512, 512) with B by rows: 93% of the FMA peak instead of 87%, AMD EPYC, GCC 12).
  kCopy,
  // The first tile of a panel that comes from memory asks for the one beside it: no core fetches by
  // itself what lies in stretches of two lines, thousands apart ((8, 9216, 4096) in 5.7 ms instead
  // of 9.5, (16, 9216, 4096) 10 instead of 13.5, Zen 5; a branch in all tiles would cost the small
  // ones 10%).
  kAsk
};

template <class T, int R, int V, Rows kRows>
void tile(const TileArgs<T>& t) {
  constexpr int L = kLanes<T>, kWidth = V * L;
  constexpr int kStep = kVectorBytes < 64 ? 64 / kVectorBytes : 1;  // vectors of a line
  constexpr int kIntoL2 = 2;
  const int64_t a_row = t.a_row, a_col = t.a_col, ldc = t.ldc;
  for (int64_t n = 0; n < t.count; ++n) {
    T* c = t.c + n * t.c_step;
    if (t.k > 32)  // a short tile ends before the lines are there: 4% slower at (30, 784, 10)
      for (int i = 0; i < R; ++i)
        for (int v = 0; v < V * L; v += 64 / sizeof(T)) __builtin_prefetch(c + i * ldc + v, 1);
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
        if constexpr (kRows == Rows::kCopy) {
          __builtin_prefetch(b + 16 * b_row);  // each row may be on another page
#pragma GCC unroll 64
          for (int v = 0; v < V; ++v) store(copy + v * L, bv[v]);
          copy += V * L;
        }
        if constexpr (kRows == Rows::kAsk)
#pragma GCC unroll 64
          for (int v = 0; v < V; v += kStep) __builtin_prefetch(b + (V + v) * L, 0, kIntoL2);
#pragma GCC unroll 64
        for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
          for (int v = 0; v < V; ++v) acc[i][v] += a[i * a_row] * bv[v];
        a += a_col;
        b += b_row;
      }
    }
    if (t.plain && !t.add) {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i, c += ldc)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) store(c + v * L, acc[i][v]);
    } else if (t.plain) {
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i, c += ldc)
#pragma GCC unroll 64
        for (int v = 0; v < V; ++v) store(c + v * L, load(c + v * L) + acc[i][v]);
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

template <class T>
struct Kernels : TileKernels<T> {
  template <int R, int V>
  constexpr void add() {
    this->at[R][V] = tile<T, R, V, Rows::kRead>;
    if constexpr (V > 1) add<R, V - 1>();
  }
  template <int R>
  constexpr void add_rows() {
    add<R, wide_nr<T>(R)>();
    this->copy[R] = tile<T, R, kBlocking.nr, Rows::kCopy>;
    if constexpr (R >= kWideRows<T> && R <= kMostAsking<T>)
      this->ask[R] = tile<T, R, kBlocking.nr, Rows::kAsk>;
    if constexpr (R > 1) add_rows<R - 1>();
  }
  template <int R>
  constexpr void add_tall() {
    this->at[R][1] = tile<T, R, 1, Rows::kRead>;
    if constexpr (R > kBlocking.mr + 1) add_tall<R - 1>();
  }
  constexpr Kernels() : TileKernels<T>{} {
    add_rows<kBlocking.mr>();
    if constexpr (tall_mr<T>(1) > kBlocking.mr) add_tall<tall_mr<T>(1)>();
  }
};
template <class T>
constexpr Kernels<T> kKernels{};

}  // namespace

void finish_pairs(const TileArgs<float>& t, int64_t n, float* c, float* tile, int rows, int width) {
  finish_tile(t, n, c, tile, rows, width);
}

template <class T>
const TileKernels<T>& tile_kernels(Precision precision) {
  if constexpr (sizeof(T) == 4)
    if (precision != Precision::kFull) return pair_kernels(precision);
  return kKernels<T>;
}

template const TileKernels<float>& tile_kernels<float>(Precision);
template const TileKernels<double>& tile_kernels<double>(Precision);

}  // namespace fastnn::FASTNN_ISA
