// Rows mixed with others (mixup):  y[n, :] = w[n] x[n, :] + (1 - w[n]) z[n, :], in place of x.
#pragma once
#include "base/shape.h"

namespace fastnn {

struct Mix {
  void* x;  // (n, row_elements), float32 or float64
  const void* z;
  const double* weights;  // n
  DType dtype;
  int64_t n, row_elements;
};

namespace FASTNN_ISA {

// Threads over rows. Never allocates, never fails.
void mix_rows(const Mix& mix);

}  // namespace FASTNN_ISA
}  // namespace fastnn
