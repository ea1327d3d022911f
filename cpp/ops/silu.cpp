// y = x sigmoid(x),  dx = dy s (1 + x (1 - s)) with s = sigmoid(x)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op silu;
const Op silu = op_of<Unary<Silu>>("silu");
}  // namespace fastnn::FASTNN_ISA
