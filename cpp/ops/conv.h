// Convolution in two dimensions of channels-last images: its numbers, and its three products as the
// kernels of gemm/conv.h want them. What conv2d and conv_transpose2d share.
#pragma once
#include "base/parallel.h"
#include "gemm/conv.h"
#include "gemm/cut.h"
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

// One axis: outputs o read inputs o * stride - before + k * dilation, k in 0..kernel-1.
struct ConvAxis {
  int64_t inputs, outputs, kernel;
  int64_t stride, before, dilation;

  Taps taps(bool flip) const {
    return {kernel, stride, -before, dilation, flip ? kernel - 1 : 0, flip ? -1 : 1};
  }

  // The gradient for input: inputs `phase`, `phase` + stride ... get their sum from the same kernel
  // elements, those k with (phase + before - k dilation) divisible by the stride; last k first, so
  // that the outputs they meet ascend.
  int64_t phase_inputs(int64_t phase) const { return up(inputs - phase, stride); }
  // Element k meets the inputs of one phase alone, and so do those that are `phases` further on.
  int64_t phase_of(int64_t k) const {
    const int64_t behind = (k * dilation - before) % stride;
    return behind < 0 ? behind + stride : behind;
  }
  int64_t phases() const {
    int64_t a = stride, b = dilation;
    while (b) {
      const int64_t rest = a % b;
      a = b;
      b = rest;
    }
    return least(kernel, stride / a);
  }
  // Whether each phase that has inputs meets an element.
  bool meets_all() const {
    const int64_t count = phases();
    int64_t met = 0;
    for (int64_t k = 0; k < count; ++k) met += phase_of(k) < inputs;
    return met == least(stride, inputs);
  }
  Taps phase_taps(int64_t phase, bool flip) const {
    int64_t first = -1, last = 0, count = 0;
    for (int64_t k = 0; k < kernel; ++k)
      if ((phase + before - k * dilation) % stride == 0) {
        if (first < 0) first = k;
        last = k;
        ++count;
      }
    const int64_t between = count > 1 ? (last - first) / (count - 1) : 1;
    const int64_t offset = count ? (phase + before - last * dilation) / stride : 0;
    return {count,
            1,
            offset,
            count > 1 ? between * dilation / stride : 1,
            flip ? kernel - 1 - last : last,
            flip ? between : -between};
  }
};

// Into few channels (of the input, for its gradient) a product stays float32 on any CPU: lanes that
// they leave empty cost more than bfloat16 saves.
constexpr int64_t kFewChannels = 16;
static inline Precision precision_of(const Node& n, int64_t channels) {
  return channels < kFewChannels ? Precision::kFull : n.precision;
}

// w (K, C / groups, KH, KW); x has C channels, y has K.
struct ConvSizes {
  int64_t N, C, K, groups;
  ConvAxis y, x;
  bool flip;

  int64_t in() const { return C / groups; }
  int64_t out() const { return K / groups; }
  int64_t kernel() const { return y.kernel * x.kernel; }
  int64_t weights() const { return out() * in() * kernel(); }  // of a group
  Pixels inputs() const { return {y.inputs, x.inputs, C, x.inputs * C, y.inputs * x.inputs * C}; }
  Pixels outputs() const {
    return {y.outputs, x.outputs, K, x.outputs * K, y.outputs * x.outputs * K};
  }
  // Each channel of x by filters of its own.
  bool is_depthwise() const { return groups > 1 && groups == C; }
  // One product of pixels by a matrix.
  bool is_pointwise() const {
    return kernel() == 1 && groups == 1 && y.stride * x.stride == 1 && y.before == 0 &&
           x.before == 0 && y.inputs == y.outputs && x.inputs == x.outputs;
  }
};

// y = w * x, group g
template <class T>
static Conv<T> conv_of(const ConvSizes& s, int64_t g, const T* x, const T* w, T* y) {
  Conv<T> c{};
  c.images = s.N;
  c.in = s.in();
  c.out = s.out();
  c.x = x + g * s.in();
  c.xs = s.inputs();
  c.ty = s.y.taps(s.flip);
  c.tx = s.x.taps(s.flip);
  c.w = w + g * s.weights();
  c.w_out = s.in() * s.kernel();
  c.w_in = s.kernel();
  c.w_y = s.x.kernel;
  c.w_x = 1;
  c.y = y + g * s.out();
  c.ys = s.outputs();
  return c;
}

// dx = w^T * dy: those inputs of group g that lie (py, px) behind multiples of the stride.
template <class T>
static Conv<T> conv_dx_of(const ConvSizes& s, int64_t g, int64_t py, int64_t px, const T* dy,
                          const T* w, T* dx, bool bf16_dx = false) {
  Conv<T> c{};
  c.images = s.N;
  c.in = s.out();
  c.out = s.in();
  c.x = dy + g * s.out();
  c.xs = s.outputs();
  c.ty = s.y.phase_taps(py, s.flip);
  c.tx = s.x.phase_taps(px, s.flip);
  c.w = w + g * s.weights();
  c.w_out = s.kernel();
  c.w_in = s.in() * s.kernel();
  c.w_y = s.x.kernel;
  c.w_x = 1;
  const Pixels all = s.inputs();
  c.y = element(dx, g * s.in() + py * all.row + px * all.pixel, bf16_dx);
  c.bf16_y = bf16_dx;
  c.ys = {s.y.phase_inputs(py), s.x.phase_inputs(px), s.x.stride * all.pixel, s.y.stride * all.row,
          all.image};
  return c;
}

// Of a depthwise convolution, group 0 stands for all of them.
template <class T>
static Conv<T> all_groups(Conv<T> c, int64_t groups) {
  c.in *= groups;
  c.out *= groups;
  return c;
}

// f(g, py, px) for all groups, or the first, and phases that have inputs and taps. The inputs of
// other phases, if there are any, are in no sum: see clear_unmet.
template <class F>
static void for_phases(const ConvSizes& s, bool all, const F& f) {
  const int64_t rows = s.y.phases(), columns = s.x.phases();
  for (int64_t g = 0; g < (all ? s.groups : 1); ++g)
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t py = s.y.phase_of(i);
      if (py >= s.y.inputs) continue;
      for (int64_t j = 0; j < columns; ++j)
        if (const int64_t px = s.x.phase_of(j); px < s.x.inputs) f(g, py, px);
    }
}

// dx before its phases are computed, where some meet no element of the kernel: zeros, or the bias.
// A stride of thousands is one pass over dx then, not millions of phases.
template <class T>
static void clear_unmet(const ConvSizes& s, T* dx, const T* bias) {
  if (s.y.meets_all() && s.x.meets_all()) return;
  const int64_t pixels = s.N * s.y.inputs * s.x.inputs, C = s.C;
  parallel_chunks(pixels, most(16384 / most(C, 1), 1), pixels * C * 0.1,
                  [=](int64_t begin, int64_t end) {
                    if (!bias)
                      __builtin_memset(dx + begin * C, 0, (end - begin) * C * sizeof(T));
                    else
                      for (int64_t i = begin; i < end; ++i)
                        __builtin_memcpy(dx + i * C, bias, C * sizeof(T));
                  });
}

}  // namespace fastnn::FASTNN_ISA
