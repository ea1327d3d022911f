// y = 1 / x,  dx = -dy y^2
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op reciprocal;
const Op reciprocal = op_of<Unary<Reciprocal>>("reciprocal");
}  // namespace fastnn::FASTNN_ISA
