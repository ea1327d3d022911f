// Error function:  y = erf x,  dx = dy 2 / sqrt(pi) exp(-x^2)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op erf;
const Op erf = op_of<Unary<Erf>>("erf");
}  // namespace fastnn::FASTNN_ISA
