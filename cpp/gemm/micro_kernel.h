// Outer-product tile:  C[R x V vectors] (+)= sum_p A[:, p] B[p, :], accumulators in registers.
//
// A is read by broadcast at any strides, packed or not: addressing costs nothing, the six rows of
// AVX2 fit x86's base + index form. B is read as V whole vectors per row, packed or not. p runs in
// stretches, each beginning elsewhere in A and B: the taps of a convolution; or the last rows of a
// B that ends before the last vector does, which stand apart.
#pragma once
#include "gemm/blocking.h"
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

// `k` columns of A from `a` elements behind the tile's first, against `k` rows of B.
template <class T>
struct Stretch {
  int64_t k;
  int64_t a;
  const T* b;
  int64_t b_row;
};

// `count` tiles, each `*_step` elements from the one before: one below the other against one panel
// of B, or side by side against one tile of A.
template <class T>
struct TileArgs {
  int64_t count;
  int64_t k;  // of all stretches
  const T* a;
  int64_t a_row, a_col, a_step;
  Stretch<T>* stretches;
  int64_t n_stretches;
  int64_t b_step;
  T* copy;  // the panel is left here, packed, for the tiles to come
  T* c;
  int64_t ldc, c_step;
  int64_t cols;       // valid columns, <= V * lanes
  bool add;           // C += instead of C =
  bool plain;         // whole vectors, no bias, no residual, no activation
  bool bf16;          // of pairs, whole vectors: C = sums + bias as Bf16, two where a T would lie
  const T* bias;      // of the first row or column, or null
  const T* scale;     // likewise, beside a bias
  int64_t bias_step;  // of both
  bool bias_per_row;
  const T* residual;      // lies as C does, or null
  Activation activation;  // kLinear until the last block of k
  double alpha;
};

// Tiles of so many rows, from kWideRows<T> on, have kernels that ask for what comes next; 0 where
// there are none. All of them would be 40 KB of the wheel.
template <class T>
constexpr int kMostAsking = sizeof(T) == 4 && kVectorBytes >= 32 ? 8 : 0;

template <class T>
using TileKernel = void (*)(const TileArgs<T>&);

// Kernels by rows and vectors, 1..wide_nr(rows) of them, or 1 where rows are many, up to
// tall_mr<T>(1); null where a tile is never that large. Of pairs of bfloat16 no wider than nr.
template <class T>
struct TileKernels {
  TileKernel<T> at[kTallest + 1][4 * kBlocking.nr + 1];
  TileKernel<T> copy[kBlocking.mr + 1];  // of a whole panel
  TileKernel<T> ask[kBlocking.mr + 1];   // likewise, of kWideRows<T> to kMostAsking<T> rows
};
template <class T>
const TileKernels<T>& tile_kernels(Precision precision = Precision::kFull);

}  // namespace fastnn::FASTNN_ISA
