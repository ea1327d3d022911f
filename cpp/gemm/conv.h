// Convolution of channels-last images without a matrix of patches: a product whose left side is
// read where the pixels are. One description serves y = w * x, the gradient for x (the taps of each
// phase of the stride, the kernel turned) and transposed convolution.
#pragma once
#include "base/precision.h"
#include "simd/activation.h"
#include "simd/bf16.h"

namespace fastnn {

// Along one axis: tap i of output o reads input o * stride + offset + i * step (step >= 1) and
// multiplies it by the kernel's element first + i * kernel_step.
struct Taps {
  int64_t count, stride, offset, step;
  int64_t first, kernel_step;
};

// Where the pixels of images lie, in elements.
struct Pixels {
  int64_t height, width;
  int64_t pixel, row, image;
};

template <class T>
struct Conv {
  int64_t images, in, out;  // channels read and written
  const T* x;
  Pixels xs;  // outside of them stand zeros
  Taps ty, tx;
  const T* w;  // element (out, in, ky, kx) at these strides
  int64_t w_out, w_in, w_y, w_x;
  T* y;
  Pixels ys;
  bool accumulate = false;  // y += (bias and activation must be none)
  const T* bias = nullptr;  // `out` values
  Activation activation = Activation::kLinear;
  double alpha = 0;             // parameter of the activation
  const T* scale = nullptr;     // `out` values, beside a bias: y = act(scale (w * x) + bias
  const T* residual = nullptr;  // + residual), which lies as y does
  // Of the operands, where they are float32. What is for few filters (narrow.h, repeat.h, widen.h)
  // knows kFull alone.
  Precision precision = Precision::kFull;
  // Of a convolution, for its input: its way, and so its rounding, may depend on how many images
  // there are. (What conv_transpose2d does forward is none.)
  bool is_gradient = false;
  bool bf16_x = false, bf16_y = false;  // whether those hold Bf16; strides count them then
};

// The gradient of `of` for its weight.
template <class T>
struct ConvGradient {
  Conv<T> of;   // its w and y are not read
  const T* dz;  // lies as the pixels of of.y, Bf16 where that is
  T* dw;        // strides as those of of.w
  bool accumulate;
};

namespace FASTNN_ISA {

// Whether x, or dz, may hold Bf16, and whether y may.
template <class T>
bool reads_bf16(const Conv<T>& c);
template <class T>
bool writes_bf16(const Conv<T>& c);

// Element i of memory that holds T, or Bf16.
template <class T>
static inline T* element(T* p, int64_t i, bool bf16) {
  if (!bf16) return p + i;
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) + i * sizeof(Bf16));
}

// Bytes of working memory, the same whether c.accumulate is set, which a plan learns later: the
// weights in the kernels' order, and for each task a band of images with their zeros around.
// Bounded, whatever the batch.
template <class T>
int64_t conv_scratch(const Conv<T>& c);
template <class T>
void conv(const Conv<T>& c, void* scratch);

template <class T>
int64_t conv_gradient_scratch(const ConvGradient<T>& c);
template <class T>
void conv_gradient(const ConvGradient<T>& c, void* scratch);

}  // namespace FASTNN_ISA
}  // namespace fastnn
