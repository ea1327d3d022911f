#include "gemm/widen.h"

#include "gemm/cut.h"
#include "gemm/direct.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {
namespace {

// The convolution that takes P outputs as one, its weights (P out, in, rows, taps) and numbers per
// filter in scratch, before what it needs itself.
template <class T>
struct Widened {
  const Conv<T>& c;
  int64_t p;     // outputs taken as one
  int64_t taps;  // of a row of the wide kernel
  Conv<T> wide;

  explicit Widened(const Conv<T>& conv)
      : c(conv), p(widening(conv)), taps(conv.tx.count + p - 1), wide(conv) {
    wide.out = p * c.out;
    wide.tx = {taps, p, c.tx.offset, 1, 0, 1};
    wide.ty.first = 0;
    wide.ty.kernel_step = 1;
    wide.w_x = 1;
    wide.w_y = taps;
    wide.w_in = c.ty.count * taps;
    wide.w_out = c.in * wide.w_in;
    wide.ys.width /= p;
    wide.ys.pixel *= p;
  }

  int64_t weight_bytes() const { return align64(wide.out * wide.w_out * sizeof(T)); }
  int64_t filter_bytes() const { return align64(wide.out * sizeof(T)); }

  // f(weight of the user's kernel, of output q of the p, in the wide one), both as offsets.
  template <class F>
  void each_weight(const F& f) const {
    for (int64_t k = 0; k < c.out; ++k)
      for (int64_t i = 0; i < c.in; ++i)
        for (int64_t y = 0; y < c.ty.count; ++y)
          for (int64_t x = 0; x < c.tx.count; ++x) {
            const int64_t own = k * c.w_out + i * c.w_in +
                                (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                                (c.tx.first + x * c.tx.kernel_step) * c.w_x;
            const int64_t first = k * wide.w_out + i * wide.w_in + y * taps + x;
            f(own, first, c.out * wide.w_out + 1);
          }
  }

  T* spread(T* weights) const {
    __builtin_memset(weights, 0, weight_bytes());
    each_weight([&](int64_t own, int64_t first, int64_t step) {
      for (int64_t q = 0; q < p; ++q) weights[first + q * step] = c.w[own];
    });
    return weights;
  }
  const T* repeat(const T* numbers, T* to) const {
    if (!numbers) return nullptr;
    for (int64_t k = 0; k < wide.out; ++k) to[k] = numbers[k % c.out];
    return to;
  }
};

template <class T>
T* after(void* scratch, int64_t bytes) {
  return reinterpret_cast<T*>(static_cast<char*>(scratch) + bytes);
}

}  // namespace

template <class T>
int64_t widening(const Conv<T>& c) {
  const bool is_dense = c.ys.pixel == c.out && c.ys.row == c.ys.width * c.out;
  if (has_pairs<T>(c.precision)) return 1;
  // One tap more for each output more: nothing is gained with a single one.
  if (c.tx.stride != 1 || c.tx.step != 1 || c.tx.count < 2 || !is_dense) return 1;
  int64_t p = c.out > 0 ? kLanes<T> / c.out : 1;
  while (p > 1 && c.ys.width % p) --p;
  return most(p, 1);
}

template <class T>
int64_t widened_scratch(const Conv<T>& c) {
  const Widened<T> w(c);
  return w.weight_bytes() + 2 * w.filter_bytes() + direct_scratch(w.wide);
}

template <class T>
void widened_conv(const Conv<T>& c, void* scratch) {
  Widened<T> w(c);
  const int64_t biases = w.weight_bytes(), scales = biases + w.filter_bytes();
  w.wide.w = w.spread(static_cast<T*>(scratch));
  w.wide.bias = w.repeat(c.bias, after<T>(scratch, biases));
  w.wide.scale = w.repeat(c.scale, after<T>(scratch, scales));
  direct_conv(w.wide, after<T>(scratch, scales + w.filter_bytes()));
}

template <class T>
int64_t widened_gradient_scratch(const ConvGradient<T>& g) {
  const Widened<T> w(g.of);
  return w.weight_bytes() + direct_gradient_scratch<T>({w.wide, g.dz, nullptr, false});
}

template <class T>
void widened_gradient(const ConvGradient<T>& g, void* scratch) {
  const Widened<T> w(g.of);
  T* const dw = static_cast<T*>(scratch);
  direct_gradient<T>({w.wide, g.dz, dw, false}, after<T>(scratch, w.weight_bytes()));
  w.each_weight([&](int64_t own, int64_t first, int64_t step) {
    T sum = dw[first];
    for (int64_t q = 1; q < w.p; ++q) sum += dw[first + q * step];
    g.dw[own] = g.accumulate ? g.dw[own] + sum : sum;
  });
}

template int64_t widening<float>(const Conv<float>&);
template int64_t widening<double>(const Conv<double>&);
template int64_t widened_scratch<float>(const Conv<float>&);
template int64_t widened_scratch<double>(const Conv<double>&);
template void widened_conv<float>(const Conv<float>&, void*);
template void widened_conv<double>(const Conv<double>&, void*);
template int64_t widened_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t widened_gradient_scratch<double>(const ConvGradient<double>&);
template void widened_gradient<float>(const ConvGradient<float>&, void*);
template void widened_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
