// Vectors rounded to bfloat16 by AVX512-BF16, where a file is compiled with it: to the nearest,
// ties to even; subnormal numbers are taken as zeros.
#pragma once
#include "gemm/vector.h"
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace fastnn::FASTNN_ISA {

#if defined(__AVX512BF16__)
constexpr bool kRounds = true;

// Pairs (first[i], second[i]).
static inline Vector<float> joined(Vector<float> first, Vector<float> second) {
  typedef uint16_t Halves __attribute__((vector_size(64)));
  const Halves order = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                        8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return reinterpret_cast<Vector<float>>(
      _mm512_permutexvar_epi16(reinterpret_cast<__m512i>(order),
                               reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first))));
}
#else  // nobody calls it
constexpr bool kRounds = false;
Vector<float> joined(Vector<float> first, Vector<float> second);
#endif

}  // namespace fastnn::FASTNN_ISA
