// Looks at the CPU once and hands out the table of ops compiled for the best instruction set it
// has.
#pragma once
#include "base/precision.h"
#include "ops/table.h"

namespace fastnn {

// The table in use: the best this CPU supports, or what FASTNN_ISA or set_isa chose.
const Table& table();

int isa_count();  // instruction sets compiled in, best first
const char* isa_name(int i);
bool isa_supported(int i);
void set_isa(const char* name);  // throws where the name is unknown or the CPU lacks it

bool has_bf16();   // whether the table in use has the CPU's instruction for bfloat16
Precision bf16();  // how bfloat16 is computed with it

const Op& find_op(const char* name, const Table& in);
const Optimizer& find_optimizer(const char* name, const Table& in);

}  // namespace fastnn
