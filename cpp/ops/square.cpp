// y = x^2,  dx = 2 dy x
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op square;
const Op square = op_of<Unary<Square>>("square");
}  // namespace fastnn::FASTNN_ISA
