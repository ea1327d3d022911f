// Rows of features by a matrix:  y = act(x w^T + b),  x (rows, D), w (K, D), b (K,), y (rows, K)
// Backward, with dz = dy act'(y):  dx = dz w,  dw = dz^T x.
// The products of a dense layer, and of a convolution by single pixels.
#pragma once
#include "gemm/gemm.h"

namespace fastnn::FASTNN_ISA {

struct DenseSizes {
  int64_t rows, D, K;
};

template <class T>
static Gemm<T> dense_gemm(const DenseSizes& s, const T* x, const T* w, T* y) {
  return {s.rows, s.K, s.D, x, s.D, 1, w, 1, s.D, y, s.K};
}

template <class T>
static Gemm<T> dense_dx_gemm(const DenseSizes& s, const T* dz, const T* w, T* dx) {
  return {s.rows, s.D, s.K, dz, s.K, 1, w, s.D, 1, dx, s.D};
}

template <class T>
static Gemm<T> dense_dw_gemm(const DenseSizes& s, const T* dz, const T* x, T* dw) {
  return {s.K, s.D, s.rows, dz, 1, s.K, x, s.D, 1, dw, s.D};
}

}  // namespace fastnn::FASTNN_ISA
