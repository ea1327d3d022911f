// Passes over whole vectors that the trainer needs between backward and update.
#pragma once
#include <cstdint>

namespace fastnn {

// One instruction set's passes, for float32 and float64.
struct VectorKernels {
  // Sum of x^2 in double: gradient norm and finiteness in one, for NaN or infinity in x stays in
  // the sum.
  double (*sum_of_squares[2])(const void* x, int64_t n);
  // Whether no element is NaN or infinite: the cheaper question, where no norm is wanted.
  bool (*all_finite[2])(const void* x, int64_t n);
  // The largest |x|, 0 of none; NaN or infinity where one is in x.
  double (*largest[2])(const void* x, int64_t n);
  // Scales each row of w (rows, columns) whose norm is above `limit` down to it.
  void (*max_norm[2])(void* w, int64_t rows, int64_t columns, double limit);
};

namespace FASTNN_ISA {
extern const VectorKernels vector_kernels;
}
}  // namespace fastnn
