// y = -x,  dx = -dy
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op negative;
const Op negative = op_of<Unary<Negative>>("negative");
}  // namespace fastnn::FASTNN_ISA
