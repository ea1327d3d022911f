// Packing in pairs of bfloat16: the numbers are rounded on the way, through a buffer in L1 where
// they lie along k.
#pragma once
#include "gemm/pack.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {

// A tile of `rows` rows by k pairs, of the first 2 k numbers or as many as are left.
static void pack_pairs_a(int64_t rows, int64_t k, int64_t left, const float* a, int64_t a_row,
                         int64_t a_col, float* out) {
  if (a_row == 1) {
    const int64_t whole = least(k, left / 2);
    join_rows(whole, rows, a, a + a_col, 2 * a_col, out, rows);
    if (whole < k) join_rows(1, rows, a + 2 * whole * a_col, nullptr, 0, out + whole * rows, 0);
    return;
  }
  float turned[kBlocking.mr * kBlocking.kc];
  if (a_col == 1)
    round_rows(rows, least(2 * k, left), a, a_row, turned, k);
  else
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t p = 0; p < k; ++p) {
        const float* const first = a + i * a_row + 2 * p * a_col;
        join_rows(1, 1, first, 2 * p + 1 < left ? first + a_col : nullptr, 0, turned + i * k + p,
                  0);
      }
  kPackA<float>.at[rows](k, turned, k, 1, out);
}

// A panel of k pairs by `cols` columns.
static void pack_pairs_b(int64_t k, int64_t left, int64_t cols, const float* b, int64_t b_row,
                         int64_t b_col, float* out) {
  constexpr int64_t kP = kPanel<float>;
  const int64_t whole = least(k, left / 2);
  if (b_row == 1 && b_col != 1) {
    float turned[kP * kBlocking.kc];
    round_rows(cols, least(2 * k, left), b, b_col, turned, k);
    return pack_b(k, cols, turned, 1, k, out);
  }
  const int64_t lines = b_col == 1 ? 1 : cols, length = b_col == 1 ? cols : 1;
  for (int64_t j = 0; j < lines; ++j, b += b_col, ++out) {
    join_rows(whole, length, b, b + b_row, 2 * b_row, out, kP);
    if (whole < k) join_rows(1, length, b + 2 * whole * b_row, nullptr, 0, out + whole * kP, 0);
  }
}

}  // namespace fastnn::FASTNN_ISA
