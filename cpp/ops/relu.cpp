// Rectifier:  y = max(x, 0),  dx = dy where x > 0, else 0
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op relu;
const Op relu = op_of<Unary<Relu>>("relu");
}  // namespace fastnn::FASTNN_ISA
