// C = act(A B + bias), or C += A B, for any m, n, k and any strides of A and B.
#pragma once
#include "base/precision.h"
#include "simd/activation.h"

namespace fastnn {

template <class T>
struct Gemm {
  int64_t m, n, k;
  const T* a;  // element (i, p) at a[i * a_row + p * a_col]
  int64_t a_row, a_col;
  const T* b;  // element (p, j) at b[p * b_row + j * b_col]
  int64_t b_row, b_col;
  T* c;  // element (i, j) at c[i * ldc + j]
  int64_t ldc;
  bool accumulate = false;  // C += A B (bias and activation must be none)
  const T* bias = nullptr;  // n values, added to each row; m values with bias_per_row
  bool bias_per_row = false;
  Activation activation = Activation::kLinear;
  double alpha = 0;                        // parameter of the activation
  const T* scale = nullptr;                // beside a bias, as many: C = act(scale (A B) + bias
  const T* residual = nullptr;             // + residual), which lies as C does
  Precision precision = Precision::kFull;  // of A and B, where they are float32
};

// The two functions below as one instruction set exports them: for tests and benchmarks.
template <class T>
struct GemmKernels {
  int64_t (*scratch)(const Gemm<T>&);
  void (*run)(const Gemm<T>&, void*);
};

namespace FASTNN_ISA {

// Bytes of working memory that gemm() needs for this shape (strides and flags count, pointers do
// not).
template <class T>
int64_t gemm_scratch(const Gemm<T>& g);

// Threads over tiles of C, never over k: the same bits for any thread count.
template <class T>
void gemm(const Gemm<T>& g, void* scratch);

}  // namespace FASTNN_ISA
}  // namespace fastnn
