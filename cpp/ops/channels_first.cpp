// (N, ..., C) to (N, C, ...), the order that users see.
#include "ops/channels.h"

namespace fastnn::FASTNN_ISA {
extern const Op channels_first;
const Op channels_first = op_of<Channels<false>>("channels_first");
}  // namespace fastnn::FASTNN_ISA
