// y = min(max(x + 3, 0), 6) / 6,  dx = dy / 6 where 0 < y < 1, else 0
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op hard_sigmoid;
const Op hard_sigmoid = op_of<Unary<HardSigmoid>>("hard_sigmoid");
}  // namespace fastnn::FASTNN_ISA
