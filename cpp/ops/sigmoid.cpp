// Sigmoid:  y = 1 / (1 + exp(-x)),  dx = dy y (1 - y)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op sigmoid;
const Op sigmoid = op_of<Unary<Sigmoid>>("sigmoid");
}  // namespace fastnn::FASTNN_ISA
