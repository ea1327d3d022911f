// Every tile size of the GEMM, one row per instruction set. Sizes along n count vectors, so that a
// row serves float32 and float64 alike: 2 vectors are 16 floats or 8 doubles with AVX2.
#pragma once
#include <cstdint>

#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

struct Blocking {
  // Outer-product tile: mr rows by nr vectors of accumulators, nr registers for B, one for A.
  int mr, nr;
  // Dot tile: dot_rows x dot_cols accumulators, dot_cols registers for B, one for A. Where that
  // makes fewer tiles, dot_square rows and as many columns; 0 for none.
  int dot_rows, dot_cols, dot_square;
  // A packed panel of B is kc x nr vectors and stays in L1 or L2; a block of A, of mc x kc numbers
  // at most, in L2 (of doubles half of it).
  int kc, mc;
  int apart;          // rows of A a page or more apart that are read where they are, not packed
  int sharing;        // panels of B that share each block of A in L2
  int packing;        // tiles that must share a panel of B before it pays to pack it
  double fma_per_ns;  // vectors a core multiplies and adds per nanosecond, to estimate cost
};

// Tried with AVX2 on an AMD EPYC (Zen 4 without AVX-512, GCC 12), float32, medians of the MLP's
// shapes and 512 cubed: 6x16 beats 4x16 by 7% and 4x24 by 1-11%; kc 256 beats 200 by 2-3% on
// squares; 400 is equal, 512 fills L1 and is 5-10% slower at (128, 512, 784).
// With AVX-512 on a Zen 4 that has it: a panel of 32 columns is read from L2 as fast as a core uses
// it, so kc is what makes stores of C rare: 512 beats 192 by 12% at 2048 cubed, 5-9% at 1024, 384
// by 0-3%; two panels beat four by 1-3%. On a Zen 5, of twice the FMAs in a cycle, 1024 beats 512
// by 1-3% at 1024 and 2048 cubed, of doubles by 2-5%, 784-512-512-10 of batch 1024 by 5%; with 768
// and 2048 (A's block as large) 2048 cubed takes 3% longer than with 1024. Packing B pays from 12
// tiles on ((64, 120, 400) is 3% faster without, (128, 10, 512) and (128, 512, 10) 5%). The other
// rows are by calculation.
#if defined(__AVX512F__) || defined(FASTNN_EMULATE_AVX512)
constexpr Blocking kBlocking{14, 2, 6, 4, 5, 1024, 168, 336, 2, 12, 3.7};
#elif defined(__AVX2__)
constexpr Blocking kBlocking{6, 2, 4, 3, 0, 256, 384, 384, 4, 4, 7};
#elif defined(__aarch64__)
constexpr Blocking kBlocking{8, 3, 6, 4, 5, 256, 256, 256, 4, 4, 4};
#else
constexpr Blocking kBlocking{6, 2, 4, 3, 0, 256, 192, 192, 4, 4, 5};
#endif

constexpr int64_t kL2Bytes = 512 << 10;  // what a sweep over A may take of L2 and find there again

template <class T>
constexpr int kPanel = kBlocking.nr * kLanes<T>;  // columns of a packed panel of B

// A row of C alone would leave one accumulator per vector: 8 independent ones hide the latency of
// the FMA. Tiles of few rows are therefore wider (B unpacked only).
// With 32 registers six of float32, too: (6, 784, 25) 5% faster.
template <class T>
constexpr int kWideRows = kVectorBytes == 64 && sizeof(T) == 4 ? 6 : 3;
template <class T>
constexpr int wide_nr(int rows) {
  return rows == 1 ? 4 * kBlocking.nr : rows <= kWideRows<T> ? 2 * kBlocking.nr : kBlocking.nr;
}

// One vector of float32 columns alone likewise: of up to so many rows. Of pairs of bfloat16 there
// are two more, for rows of 32 pixels: each is some KB of code.
constexpr int kTallest = 2 * kBlocking.mr;
template <class T>
constexpr int tall_mr(int vectors, bool pairs = false) {
  if (vectors > 1 || sizeof(T) > 4) return kBlocking.mr;
  return pairs ? kBlocking.mr + 2 : kTallest;
}

}  // namespace fastnn::FASTNN_ISA
