// Multiply-adds and memory traffic of one core at their fastest: what a kernel is measured against.
#pragma once
#include <cstdint>

namespace fastnn {

struct Peak {
  const char* isa;
  double (*flops_f32)(int64_t rounds);  // runs chains of FMAs in registers, returns how many flops
  double (*flops_f64)(int64_t rounds);
  // Passes over n floats, a multiple of 64, by ordinary loads and stores of whole registers.
  void (*copy)(float* a, const float* b, int64_t n);                   // a = b
  void (*triad)(float* a, const float* b, const float* c, int64_t n);  // a = b + 3 c
  float (*read)(const float* a, int64_t n);                            // sum a
};

}  // namespace fastnn
