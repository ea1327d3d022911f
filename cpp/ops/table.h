// The table that one instruction set hands to dispatch.
#pragma once
#include "gemm/gemm.h"
#include "ops/op.h"
#include "simd/augment.h"
#include "simd/mix.h"
#include "simd/rows.h"
#include "simd/vector.h"

namespace fastnn {

struct Table {
  const char* isa;
  int n_ops;
  const Op* const* ops;
  int n_optimizers;
  const Optimizer* const* optimizers;
  GemmKernels<float> gemm_f32;
  GemmKernels<double> gemm_f64;
  bool (*has_bf16_tiles)();  // compiled in: whether the CPU has the instruction is another matter
  void (*gather_rows)(const Rows&);
  int64_t (*augment_scratch)(const Augment&);
  void (*augment)(const Augment&);
  void (*mix_rows)(const Mix&);
  const VectorKernels* vectors;
};

}  // namespace fastnn
