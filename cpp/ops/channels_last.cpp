// (N, C, ...) to (N, ..., C), the order of image kernels.
#include "ops/channels.h"

namespace fastnn::FASTNN_ISA {
extern const Op channels_last;
const Op channels_last = op_of<Channels<true>>("channels_last");
}  // namespace fastnn::FASTNN_ISA
