// The choice among the ways of a convolution and of its weight's gradient, and what needs none of
// them.
#include "gemm/conv.h"

#include "base/parallel.h"
#include "gemm/direct.h"
#include "gemm/narrow.h"
#include "gemm/repeat.h"
#include "gemm/widen.h"
#include "gemm/winograd.h"
#include "gemm/winograd_few.h"

namespace fastnn::FASTNN_ISA {
namespace {

// act(scale y + bias + residual) of sums that are there already, or of nothing (no tap falls on any
// output). Seldom needed: kept small.
template <class T>
[[gnu::cold, gnu::noinline]] void finish(const Conv<T>& c, bool clear) {
  parallel(c.images, double(c.images) * c.ys.height * c.ys.width * c.out, [&](int64_t n) {
    for (int64_t i = 0; i < c.ys.height * c.ys.width; ++i) {
      T* y = c.y + n * c.ys.image + i / c.ys.width * c.ys.row + i % c.ys.width * c.ys.pixel;
      for (int64_t k = 0; k < c.out; ++k) {
        const T sum = clear ? T(0) : c.scale ? c.scale[k] * y[k] : y[k];
        const T value = c.bias ? sum + c.bias[k] : sum;
        y[k] = c.residual ? value + c.residual[y - c.y + k] : value;
      }
      activate(c.activation, c.alpha, y, c.out);
    }
  });
}

template <class T>
bool is_empty(const Conv<T>& c) {
  return c.images <= 0 || c.ys.height <= 0 || c.ys.width <= 0 || c.out <= 0;
}

// Only the ways of rounded products know Bf16.
template <class T>
bool knows_bf16(const Conv<T>& c) {
  return has_pairs<T>(c.precision) && c.ty.count * c.tx.count * c.in > 0;
}

// No pixels: sums of nothing.
template <class T>
void clear(const ConvGradient<T>& g) {
  const Conv<T>& c = g.of;
  if (g.accumulate) return;
  for (int64_t k = 0; k < c.out; ++k)
    for (int64_t i = 0; i < c.in; ++i)
      for (int64_t y = 0; y < c.ty.count; ++y)
        for (int64_t x = 0; x < c.tx.count; ++x)
          g.dw[k * c.w_out + i * c.w_in + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
               (c.tx.first + x * c.tx.kernel_step) * c.w_x] = T(0);
}

template <class T>
bool is_empty(const ConvGradient<T>& g) {
  return is_empty(g.of) || g.of.ty.count * g.of.tx.count * g.of.in <= 0;
}

}  // namespace

template <class T>
bool reads_bf16(const Conv<T>& c) {
  return knows_bf16(c) && c.in % 2 == 0;
}

// Sums that are done when they are stored, in whole vectors. (How long a sum may be, and what suits
// Winograd, depends on the instruction set.)
template <class T>
bool writes_bf16(const Conv<T>& c) {
  constexpr int64_t kWhole = 16;
  if (!knows_bf16(c) || c.out % kWhole != 0) return false;
  if (c.scale || c.residual || c.activation != Activation::kLinear) return false;
  if constexpr (sizeof(T) == 4)
    if (suits_winograd(c)) return true;
  return sums_at_once(c);
}

template bool reads_bf16<float>(const Conv<float>&);
template bool reads_bf16<double>(const Conv<double>&);
template bool writes_bf16<float>(const Conv<float>&);
template bool writes_bf16<double>(const Conv<double>&);

namespace {

// Sums first where the narrow way cannot finish them.
template <class T>
void narrow_and_finish(const Conv<T>& c, void* scratch) {
  if (!c.scale && !c.residual) return narrow_conv(c, scratch);
  Conv<T> sums = c;
  sums.bias = nullptr;
  sums.activation = Activation::kLinear;
  narrow_conv(sums, scratch);
  finish(c, false);
}

// How a problem is computed: the choice stands here alone.
template <class Problem>
struct Way {
  int64_t (*scratch)(const Problem&);
  void (*run)(const Problem&, void*);
};

template <class T>
Way<Conv<T>> way_of(const Conv<T>& c) {
  if constexpr (sizeof(T) == 4) {
    if (suits_winograd(c)) return {winograd_scratch, winograd_conv};
    if constexpr (kKnowsFew) {
      if (suits_winograd_few(c)) return {winograd_few_scratch, winograd_few};
      if (suits_winograd_few_images(c)) return {winograd_few_images_scratch, winograd_few_images};
    }
  }
  if (suits_narrow(c)) return {narrow_scratch<T>, narrow_and_finish<T>};
  if constexpr (sizeof(T) == 4 && kRepeats)
    if (suits_repeat(c)) return {repeat_scratch, repeat_conv};
  if (widening(c) > 1) return {widened_scratch<T>, widened_conv<T>};
  return {direct_scratch<T>, direct_conv<T>};
}

template <class T>
Way<ConvGradient<T>> way_of(const ConvGradient<T>& g) {
  if constexpr (sizeof(T) == 4) {
    if (suits_winograd(g.of)) return {winograd_gradient_scratch, winograd_gradient};
    if constexpr (kKnowsFew)
      if (suits_winograd_few_gradient(g.of))
        return {winograd_few_gradient_scratch, winograd_few_gradient};
    if constexpr (kRepeats)
      if (suits_repeat_gradient(g.of)) return {repeat_gradient_scratch, repeat_gradient};
  }
  if (widening(g.of) > 1) return {widened_gradient_scratch<T>, widened_gradient<T>};
  return {direct_gradient_scratch<T>, direct_gradient<T>};
}

}  // namespace

template <class T>
int64_t conv_scratch(const Conv<T>& c) {
  return is_empty(c) || c.ty.count * c.tx.count * c.in == 0 ? 0 : way_of(c).scratch(c);
}

template <class T>
void conv(const Conv<T>& c, void* scratch) {
  if (is_empty(c)) return;
  if (c.ty.count * c.tx.count * c.in != 0) return way_of(c).run(c, scratch);
  if (!c.accumulate) finish(c, true);
}

template int64_t conv_scratch<float>(const Conv<float>&);
template int64_t conv_scratch<double>(const Conv<double>&);
template void conv<float>(const Conv<float>&, void*);
template void conv<double>(const Conv<double>&, void*);

template <class T>
int64_t conv_gradient_scratch(const ConvGradient<T>& g) {
  return is_empty(g) ? 0 : way_of(g).scratch(g);
}

template <class T>
void conv_gradient(const ConvGradient<T>& g, void* scratch) {
  is_empty(g) ? clear(g) : way_of(g).run(g, scratch);
}

template int64_t conv_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t conv_gradient_scratch<double>(const ConvGradient<double>&);
template void conv_gradient<float>(const ConvGradient<float>&, void*);
template void conv_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
