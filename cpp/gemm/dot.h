// Dot-product tile:  C[R x K] (+)= A[R, :] . B[K, :], both contiguous along k, nothing packed.
// R*K vectors of partial sums run along k; lanes are added up at the end. The last, partial vector is
// read again from its end with the lanes already counted cleared in both operands (0 * NaN is NaN).
#pragma once
#include "gemm/gemm.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

template <class T>
using Bits = Vector<typename BitsOf<T>::type>;

template <class T>
static inline Vector<T> clear(Vector<T> v, Bits<T> keep) {
  return (Vector<T>)((Bits<T>)v & keep);
}

// c[i * ldc + j] (+)= dot(a + i * a_row, b + j * b_col) over k elements.
template <class T, int R, int K>
static void dot(int64_t k, const T* a, int64_t a_row, const T* b, int64_t b_col, T* c, int64_t ldc,
                bool add) {
  constexpr int L = kLanes<T>;
  Vector<T> acc[R][K];
#pragma GCC unroll 64
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
    for (int j = 0; j < K; ++j) acc[i][j] = Vector<T>{};
  const int64_t whole = k / L;
  for (int64_t p = 0; p < whole; ++p) {
    Vector<T> bv[K];
#pragma GCC unroll 64
    for (int j = 0; j < K; ++j) bv[j] = load(b + j * b_col);
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i) {
      const Vector<T> av = load(a + i * a_row);
#pragma GCC unroll 64
      for (int j = 0; j < K; ++j) acc[i][j] += av * bv[j];
    }
    a += L;
    b += L;
  }
  const int64_t rest = k - whole * L;
  T tail[R][K] = {};
  if (rest && whole) {
    Bits<T> keep;
    for (int l = 0; l < L; ++l) keep[l] = l >= L - rest ? -1 : 0;
    Vector<T> bv[K];
#pragma GCC unroll 64
    for (int j = 0; j < K; ++j) bv[j] = clear<T>(load(b + j * b_col - (L - rest)), keep);
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i) {
      const Vector<T> av = clear<T>(load(a + i * a_row - (L - rest)), keep);
#pragma GCC unroll 64
      for (int j = 0; j < K; ++j) acc[i][j] += av * bv[j];
    }
  } else if (rest) {
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < K; ++j)
        for (int64_t p = 0; p < rest; ++p) tail[i][j] += a[i * a_row + p] * b[j * b_col + p];
  }
#pragma GCC unroll 64
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
    for (int j = 0; j < K; ++j) {
      T sum = tail[i][j] + sum_lanes<T, kBlocking.vector_bytes>(acc[i][j]);
      T* y = c + i * ldc + j;
      *y = add ? *y + sum : sum;
    }
}

template <class T>
using DotKernel = void (*)(int64_t, const T*, int64_t, const T*, int64_t, T*, int64_t, bool);

// A single row takes as many columns as the whole tile has accumulators: B streams from L2 or beyond.
constexpr int wide_dot_cols(int rows) { return rows == 1 ? 8 : kBlocking.dot_cols; }

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
