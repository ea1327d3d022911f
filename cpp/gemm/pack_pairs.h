// Packing in pairs of bfloat16: the numbers are rounded on the way, through a buffer in L1 where
// they lie along k.
#pragma once
#include "gemm/pack.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {

// A tile of `rows` rows by k pairs, of the first 2 k numbers or as many as are left.
static void pack_pairs_a(Precision precision, int64_t rows, int64_t k, int64_t left, const float* a,
                         int64_t a_row, int64_t a_col, float* out) {
  if (a_row == 1) return join_neighbours(precision, k, left, rows, a, a_col, out, rows);
  float turned[kBlocking.mr * kBlocking.kc];
  if (a_col == 1)
    round_rows(precision, rows, least(2 * k, left), a, a_row, turned, k);
  else
    for (int64_t i = 0; i < rows; ++i)
      join_neighbours(precision, k, left, 1, a + i * a_row, a_col, turned + i * k, 1);
  kPackA<float>.at[rows](k, turned, k, 1, out);
}

// A panel of k pairs by `cols` columns. Out of line: only pairs take the buffer on the stack.
[[gnu::noinline]] static void pack_pairs_b(Precision precision, int64_t k, int64_t left,
                                           int64_t cols, const float* b, int64_t b_row,
                                           int64_t b_col, float* out) {
  constexpr int64_t kP = kPanel<float>;
  if (b_col == 1) return join_neighbours(precision, k, left, cols, b, b_row, out, kP);
  if (b_row != 1) {
    for (int64_t j = 0; j < cols; ++j)
      join_neighbours(precision, k, left, 1, b + j * b_col, b_row, out + j, kP);
    return;
  }
  float turned[kP * kBlocking.kc];
  round_rows(precision, cols, least(2 * k, left), b, b_col, turned, k);
  pack_b(k, cols, turned, 1, k, out);
}

}  // namespace fastnn::FASTNN_ISA
