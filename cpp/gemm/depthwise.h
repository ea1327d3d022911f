// Depthwise convolution: each channel by filters of its own, vectors along the channels.
#pragma once
#include "gemm/conv.h"

namespace fastnn::FASTNN_ISA {

// As conv(), but channel k of the wider side meets channel k / m of the other, by filter k alone:
// m = out / in, or in / out in the gradient for x, whose m channels are summed up. c.w_out is from
// one filter to the next, c.w_in is not read.
template <class T>
int64_t depthwise_scratch(const Conv<T>& c);
template <class T>
void depthwise(const Conv<T>& c, void* scratch);

template <class T>
int64_t depthwise_gradient_scratch(const ConvGradient<T>& g);
template <class T>
void depthwise_gradient(const ConvGradient<T>& g, void* scratch);

}  // namespace fastnn::FASTNN_ISA
