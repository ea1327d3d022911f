// Largest element over axes:  y = max x; NaN where x holds one. dy is shared evenly among the
// largest.
#include "ops/extreme.h"

namespace fastnn::FASTNN_ISA {
extern const Op max;
const Op max = op_of<ExtremeOp<true>>("max");
}  // namespace fastnn::FASTNN_ISA
