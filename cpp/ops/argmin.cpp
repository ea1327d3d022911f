// Position of the smallest element (int64), the first of equals; of the first NaN where there is
// one.
#include "ops/extreme.h"

namespace fastnn::FASTNN_ISA {
extern const Op argmin;
const Op argmin = op_of<ArgOp<false>>("argmin");
}  // namespace fastnn::FASTNN_ISA
