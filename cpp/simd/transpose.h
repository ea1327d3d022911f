// Blocks of a matrix whose rows become columns.
#pragma once
#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

// A block of kLanes<T> x kLanes<T>: row i of `to` takes the i-th element of each row of `from`.
// Rows of both lie some elements apart. Of `from` so many are there, the last stands for those
// behind it; of `to` so many are wanted.
struct BlockRows {
  int64_t step, count;
};
template <class T>
void transpose_block(const T* from, BlockRows from_rows, T* to, BlockRows to_rows);

// to[i * count + c] = from[c * step + i] for i < n: 2 to kMostInterleaved planes become the
// channels of pixels. AlexNet's batch, (16, 3, 227, 227), takes 0.75 ms; by blocks that are not
// whole 4.5.
constexpr int64_t kMostInterleaved = 4;
void interleave(const float* from, int64_t step, int64_t count, int64_t n, float* to);

}  // namespace fastnn::FASTNN_ISA
