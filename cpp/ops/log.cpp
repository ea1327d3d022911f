// Natural logarithm:  y = log x,  dx = dy / x
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
extern const Op log;
const Op log = op_of<Unary<Log>>("log");
}  // namespace fastnn::FASTNN_ISA
