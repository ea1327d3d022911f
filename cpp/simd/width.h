// Bytes of the widest vector that one instruction works on.
#pragma once

namespace fastnn::FASTNN_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

}  // namespace fastnn::FASTNN_ISA
