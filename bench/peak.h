// Multiply-adds of one core at their fastest: what a kernel is measured against.
#pragma once
#include <cstdint>

namespace fastnn {

struct Peak {
  const char* isa;
  double (*flops_f32)(int64_t rounds);  // runs chains of FMAs in registers, returns how many flops
  double (*flops_f64)(int64_t rounds);
};

}  // namespace fastnn
