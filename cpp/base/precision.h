// What the products of float32 operands multiply: the numbers as they are, or rounded to bfloat16,
// by the CPU's own instruction where it has one. Sums are float32 whichever.
#pragma once

namespace fastnn {

enum class Precision : int { kFull, kBf16, kBf16Emulated };

}  // namespace fastnn
