// Convolution into few channels. A filter of 6 fills 6 of 8 lanes; so each input pixel is
// multiplied by all taps at once, taps x filters side by side in whole vectors, and each output
// then collects its sum. Nothing is spent on the zeros around an image either.
#pragma once
#include "gemm/conv.h"

namespace fastnn::FASTNN_ISA {

// Whether it pays: fewer filters than lanes, outputs and taps one pixel apart, a small image.
template <class T>
bool suits_narrow(const Conv<T>& c);

template <class T>
int64_t narrow_scratch(const Conv<T>& c);
template <class T>
void narrow_conv(const Conv<T>& c, void* scratch);

}  // namespace fastnn::FASTNN_ISA
