// Convolution into few filters: P neighbouring outputs of a row as one pixel of P x out filters,
// whose kernel is P - 1 taps wider. Six filters fill 6 of 16 lanes and take 5 taps; two outputs of
// them fill 12 and take 6, half as many products. What a filter does not read has a weight of zero,
// so that an infinite or NaN input reaches the P - 1 outputs beside those that read it.
#pragma once
#include "gemm/conv.h"

namespace fastnn::FASTNN_ISA {

// How many outputs are taken as one: 1 where it does not pay.
template <class T>
int64_t widening(const Conv<T>& c);

template <class T>
int64_t widened_scratch(const Conv<T>& c);
template <class T>
void widened_conv(const Conv<T>& c, void* scratch);

template <class T>
int64_t widened_gradient_scratch(const ConvGradient<T>& g);
template <class T>
void widened_gradient(const ConvGradient<T>& g, void* scratch);

}  // namespace fastnn::FASTNN_ISA
