// Hyperbolic tangent:  y = tanh x,  dx = dy (1 - y^2)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op tanh;
const Op tanh = op_of<Unary<Tanh>>("tanh");
}  // namespace fastnn::FASTNN_ISA
