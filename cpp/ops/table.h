// The table that one instruction set hands to dispatch.
#pragma once
#include "ops/op.h"
#include "simd/vector.h"

namespace fastnn {

struct Table {
  const char* isa;
  int n_ops;
  const Op* const* ops;
  int n_optimizers;
  const Optimizer* const* optimizers;
  const VectorKernels* vectors;
};

}  // namespace fastnn
