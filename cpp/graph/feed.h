// Where the rows of an input come from: a caller's array, cast and scaled while a batch is
// gathered.
#pragma once
#include <cstdint>

#include "base/shape.h"

namespace fastnn {

struct Feed {
  int input = -1;  // value id of the graph's input
  DType dtype = DType::kFloat32;
  const void* data = nullptr;
  int64_t row_elements = 0;
  int64_t rows = 0;
  double scale = 1, offset = 0;  // x * scale + offset, where the input is real
};

// dst[i] = row order[i] of the feed (row first + i where order is null), cast to `to`; with
// `largest`, for real dst, also the largest |dst|, NaN or infinity where one is in dst.
void gather(const Feed& feed, const int64_t* order, int64_t first, int64_t n, DType to, void* dst,
            double* largest);

}  // namespace fastnn
