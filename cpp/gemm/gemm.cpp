#include "gemm/gemm.h"

namespace fastnn::FASTNN_ISA {

template <class T>
int64_t gemm_scratch(const Gemm<T>&) {
  return 0;
}

template <class T>
void gemm(const Gemm<T>& g, void*) {
  for (int64_t i = 0; i < g.m; ++i) {
    T* c = g.c + i * g.ldc;
    for (int64_t j = 0; j < g.n; ++j) {
      T sum = 0;
      for (int64_t p = 0; p < g.k; ++p) sum += g.a[i * g.a_row + p * g.a_col] * g.b[p * g.b_row + j * g.b_col];
      if (g.bias) sum += g.bias[g.bias_per_row ? i : j];
      c[j] = g.accumulate ? c[j] + sum : sum;
    }
    activate(g.activation, g.alpha, c, g.n);
  }
}

template int64_t gemm_scratch<float>(const Gemm<float>&);
template int64_t gemm_scratch<double>(const Gemm<double>&);
template void gemm<float>(const Gemm<float>&, void*);
template void gemm<double>(const Gemm<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
