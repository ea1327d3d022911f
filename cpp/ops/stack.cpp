// Arrays of one shape joined along a new axis
#include "ops/concatenate.h"

namespace fastnn::FASTNN_ISA {
extern const Op stack;
const Op stack = op_of<Concatenation<true>>("stack");
}  // namespace fastnn::FASTNN_ISA
