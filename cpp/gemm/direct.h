// Direct convolution, the way that suits any shape: products whose left side is read where the
// pixels are.
#pragma once
#include "gemm/conv.h"

namespace fastnn::FASTNN_ISA {

// Whether all of k is one block: an output is stored once.
template <class T>
bool sums_at_once(const Conv<T>& c);

template <class T>
int64_t direct_scratch(const Conv<T>& c);
template <class T>
void direct_conv(const Conv<T>& c, void* scratch);

template <class T>
int64_t direct_gradient_scratch(const ConvGradient<T>& g);
template <class T>
void direct_gradient(const ConvGradient<T>& g, void* scratch);

}  // namespace fastnn::FASTNN_ISA
