// Smallest element over axes:  y = min x; NaN where x holds one. dy is shared evenly among the
// smallest.
#include "ops/extreme.h"

namespace fastnn::FASTNN_ISA {
extern const Op min;
const Op min = op_of<ExtremeOp<false>>("min");
}  // namespace fastnn::FASTNN_ISA
