// Position of the largest element (int64), the first of equals; of the first NaN where there is
// one.
#include "ops/extreme.h"

namespace fastnn::FASTNN_ISA {
extern const Op argmax;
const Op argmax = op_of<ArgOp<true>>("argmax");
}  // namespace fastnn::FASTNN_ISA
