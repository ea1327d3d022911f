// Arrays joined along an axis
#include "ops/concatenate.h"

namespace fastnn::FASTNN_ISA {
extern const Op concatenate;
const Op concatenate = op_of<Concatenation<false>>("concatenate");
}  // namespace fastnn::FASTNN_ISA
