// Convolution into few channels, or into an image that grows. A filter of 6 fills 6 of 8 lanes; so
// the taps of a row by filters stand side by side in whole vectors: each input pixel is multiplied
// by all of them, summed over channels and the kernel's rows, and each output then collects the
// sums of its neighbours. Nothing is spent on the zeros around an image either.
#pragma once
#include "gemm/conv.h"

namespace fastnn::FASTNN_ISA {

// Whether it pays: outputs and taps one pixel apart, a small image; fewer filters than lanes, or
// fewer products than the direct way.
template <class T>
bool suits_narrow(const Conv<T>& c);

template <class T>
int64_t narrow_scratch(const Conv<T>& c);
template <class T>
void narrow_conv(const Conv<T>& c, void* scratch);

}  // namespace fastnn::FASTNN_ISA
