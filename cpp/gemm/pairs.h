// Products of bfloat16: two numbers that are neighbours along k make a pair of 32 bits, the first
// in the low half. A pair lies where a float would, so that packing, strides and stretches are
// those of floats with half the k; but it is bits, and only a pair tile (pair_kernel.cpp) computes
// with it. A last number without a neighbour is paired with zero.
#pragma once
#include "gemm/micro_kernel.h"
#include "simd/bf16.h"

namespace fastnn::FASTNN_ISA {

// Whether a product of T rounds its operands: never float64.
template <class T>
static inline bool has_pairs(Precision precision) {
  return sizeof(T) == 4 && precision != Precision::kFull;
}

// Numbers F are float, or Bf16: those are rounded already.

// `count` rows of n numbers into rows of up(n, 2) pairs along them. Rounded to the nearest, ties to
// even; NaN stays NaN.
template <class F>
void round_rows(Precision precision, int64_t count, int64_t n, const F* from, int64_t step,
                float* to, int64_t to_step);

// `count` rows of n pairs (first[i], second[i]); zeros stand where a pointer is null.
template <class F>
void join_rows(Precision precision, int64_t count, int64_t n, const F* first, const F* second,
               int64_t step, float* to, int64_t to_step);

// The same of rows 0 and 1, 2 and 3 ... of the `left` rows there are.
template <class F>
void join_neighbours(Precision precision, int64_t count, int64_t left, int64_t n, const F* from,
                     int64_t step, float* to, int64_t to_step);

// What a plain store of a tile's sums cannot do: those of tile n, from memory.
void finish_pairs(const TileArgs<float>& t, int64_t n, float* c, float* tile, int rows, int width);

// Whether there are tiles by the CPU's instruction: kBf16 means those.
bool has_pair_tiles();

// Tiles of up to mr rows by nr vectors, or of one vector up to tall_mr<float>(1, true); null where
// larger.
const TileKernels<float>& pair_kernels(Precision precision);

}  // namespace fastnn::FASTNN_ISA
