// y = sqrt x,  dx = dy / (2 y)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op sqrt;
const Op sqrt = op_of<Unary<Sqrt>>("sqrt");
}  // namespace fastnn::FASTNN_ISA
