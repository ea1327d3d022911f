// y = exp x,  dx = dy y
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op exp;
const Op exp = op_of<Unary<Exp>>("exp");
}  // namespace fastnn::FASTNN_ISA
