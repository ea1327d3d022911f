// Self-normalising unit:  y = s x for x > 0, s a (exp x - 1) else;  dx = dy s, or dy (y + s a)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op selu;
const Op selu = op_of<Unary<Selu>>("selu");
}  // namespace fastnn::FASTNN_ISA
