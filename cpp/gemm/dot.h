// Dot-product tile:  C[R x K] (+)= A[R, :] . B[K, :], both contiguous along k, nothing packed.
// R*K vectors of partial sums run along k; lanes are added up at the end. The last, partial vector
// is read again from its end with the lanes already counted cleared in both operands (0 * NaN is
// NaN).
#pragma once
#include "gemm/blocking.h"
#include "gemm/cut.h"
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

template <class T>
using Bits = Vector<Integer<T>>;

template <class T>
static inline Vector<T> clear(Vector<T> v, Bits<T> keep) {
  return (Vector<T>)((Bits<T>)v & keep);
}

// Lanes kept of the last vector: `rest` at its end are load(kKeep + rest).
template <class T>
struct Keep {
  Integer<T> at[2 * kLanes<T>] = {};
  constexpr Keep() {
    for (int l = kLanes<T>; l < 2 * kLanes<T>; ++l) at[l] = -1;
  }
};
template <class T>
static constexpr Keep<T> kKeep{};

// c[i * ldc + j] (+)= dot(a + i * a_row, b + j * b_col) over k elements.
template <class T, int R, int K>
static void dot(int64_t k, const T* a, int64_t a_row, const T* b, int64_t b_col, T* c, int64_t ldc,
                bool add) {
  constexpr int L = kLanes<T>, kSums = R * K, B = kBlock<T>, kGroups = (kSums + B - 1) / B;
  alignas(16) T sums[kGroups * B];
  if (k < L) {
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < K; ++j) {
        sums[i * K + j] = 0;
        for (int64_t p = 0; p < k; ++p) sums[i * K + j] += a[i * a_row + p] * b[j * b_col + p];
      }
  } else {
    Vector<T> acc[kGroups][B];
#pragma GCC unroll 64
    for (int s = 0; s < kGroups * B; ++s) acc[s / B][s % B] = Vector<T>{};
    int64_t p = 0;
    for (; p + L <= k; p += L) {
      Vector<T> bv[K];
#pragma GCC unroll 64
      for (int j = 0; j < K; ++j) bv[j] = load(b + j * b_col + p);
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i) {
        const Vector<T> av = load(a + i * a_row + p);
#pragma GCC unroll 64
        for (int j = 0; j < K; ++j) acc[(i * K + j) / B][(i * K + j) % B] += av * bv[j];
      }
    }
    if (p < k) {
      const Bits<T> keep = load(kKeep<T>.at + (k - p));
      Vector<T> bv[K];
#pragma GCC unroll 64
      for (int j = 0; j < K; ++j) bv[j] = clear<T>(load(b + j * b_col + k - L), keep);
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i) {
        const Vector<T> av = clear<T>(load(a + i * a_row + k - L), keep);
#pragma GCC unroll 64
        for (int j = 0; j < K; ++j) acc[(i * K + j) / B][(i * K + j) % B] += av * bv[j];
      }
    }
#pragma GCC unroll 64
    for (int s = 0; s < kGroups; ++s) {
      const Vector<T, 16> sum = sum_lanes<T>(acc[s]);
      __builtin_memcpy(sums + s * B, &sum, 16);
    }
  }
#pragma GCC unroll 64
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
    for (int j = 0; j < K; ++j) {
      T* y = c + i * ldc + j;
      *y = add ? *y + sums[i * K + j] : sums[i * K + j];
    }
}

template <class T>
using DotKernel = void (*)(int64_t, const T*, int64_t, const T*, int64_t, T*, int64_t, bool);

// A single row takes as many columns as the whole tile has accumulators: B streams from L2 or
// beyond.
constexpr int wide_dot_cols(int rows) {
  return rows == 1 ? 8 : rows <= kBlocking.dot_square ? kBlocking.dot_square : kBlocking.dot_cols;
}

// Rows and columns of tiles for C (m, n).
struct DotTile {
  int64_t rows, cols;
};
static inline DotTile dot_tile(int64_t m, int64_t n) {
  constexpr int64_t kRows = kBlocking.dot_rows, kCols = kBlocking.dot_cols;
  if (m == 1) return {1, wide_dot_cols(1)};
  if constexpr (kBlocking.dot_square > 0) {
    constexpr int64_t kSide = kBlocking.dot_square;
    // Each tile adds up lanes, and has a way in and out: (10, 30, 784) takes 4.7 us by 16
    // tiles, 4.35 by 12 (AVX-512, AMD EPYC, GCC 12).
    if (up(m, kSide) * up(n, kSide) < up(m, kRows) * up(n, kCols)) return {kSide, kSide};
  }
  return {kRows, kCols};
}

// Kernels by rows (1..dot_rows) and columns (1..wide_dot_cols(rows)).
template <class T>
struct DotKernels {
  DotKernel<T> at[kBlocking.dot_rows + 1][9] = {};

  template <int R, int K>
  constexpr void add() {
    at[R][K] = dot<T, R, K>;
    if constexpr (K > 1) add<R, K - 1>();
  }
  template <int R>
  constexpr void add_rows() {
    add<R, wide_dot_cols(R)>();
    if constexpr (R > 1) add_rows<R - 1>();
  }
  constexpr DotKernels() { add_rows<kBlocking.dot_rows>(); }
};
template <class T>
static constexpr DotKernels<T> kDotKernels{};

}  // namespace fastnn::FASTNN_ISA
