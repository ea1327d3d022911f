// Heaviside step:  y = 1 where x > 0, else 0;  dx = 0
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op step;
const Op step = op_of<Unary<Step>>("step");
}  // namespace fastnn::FASTNN_ISA
