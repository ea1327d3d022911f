// y = |x|,  dx = dy sign x, 0 at x = 0
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op abs;
const Op abs = op_of<Unary<Abs>>("abs");
}  // namespace fastnn::FASTNN_ISA
