// What pooling ops share: x (N, H, W, C), windows of kernel_size every `stride` pixels over an
// image with a border, their shape rule (PyTorch's), and the walk over windows and over pixels.
#pragma once
#include "ops/channels.h"
#include "ops/op.h"
#include "ops/pixels.h"

namespace fastnn::FASTNN_ISA {

#define FASTNN_POOL_ATTRS "kernel_size:ints stride:ints padding:ints ceil_mode:int=0 "

enum { kPoolKernel, kPoolStride, kPoolPadding, kPoolCeil, kPoolOwn };

constexpr int64_t kPoolGrain = 8192;  // elements read or written by a task, about

// A window's taps inside of the image: `count` from number `first` on, which is pixel `at`.
struct Span {
  int64_t first, count, at;
};

struct PoolAxis {
  int64_t length, outputs, kernel, stride, pad, dilation;

  // Where window o begins, in the border perhaps.
  int64_t begin(int64_t o) const { return o * stride - pad; }
  Span span(int64_t o) const {
    const int64_t b = begin(o);
    const int64_t first = b >= 0 ? 0 : dilation == 1 ? -b : (dilation - 1 - b) / dilation;
    const int64_t room = length - b;
    int64_t last = kernel;
    if (room <= (kernel - 1) * dilation) last = room > 0 ? (room + dilation - 1) / dilation : 0;
    return {first, last > first ? last - first : 0, b + first * dilation};
  }
  // Neighbouring windows from o on that have all of their taps inside; 1: this one perhaps not.
  int64_t run(int64_t o) const {
    const int64_t room = length - begin(o) - (kernel - 1) * dilation - 1;
    return begin(o) < 0 || room < stride ? 1 : room / stride + 1;
  }
};

struct Pool {
  int64_t N, C;
  PoolAxis h, w;
};

static inline int64_t pool_number(const Node& n, int attr, int axis, int64_t absent) {
  const Attr& a = n.attr[attr];
  return a.count == 0 ? absent : a.ints[a.count == 1 ? 0 : axis];
}

// dilation: its attribute, or -1.
static inline Pool pool_of(const Node& n, int dilation) {
  const Shape &x = n.in[0].shape, &y = n.out[0].shape;
  Pool p{x[0] == kBatch ? 1 : x[0], x[3], {}, {}};
  for (int axis = 0; axis < 2; ++axis) {
    PoolAxis& a = axis ? p.w : p.h;
    a.length = x[1 + axis];
    a.outputs = y[1 + axis];
    a.kernel = pool_number(n, kPoolKernel, axis, 0);
    a.stride = pool_number(n, kPoolStride, axis, a.kernel);
    a.pad = pool_number(n, kPoolPadding, axis, 0);
    a.dilation = dilation < 0 ? 1 : pool_number(n, dilation, axis, 1);
  }
  return p;
}

static inline void check_pool_numbers(const Node& n, int attr, const char* name, int64_t least) {
  const Attr& a = n.attr[attr];
  if (a.count > 2)
    fail(n.where, "%s must hold 1 or 2 integers, got %lld", name, static_cast<long long>(a.count));
  for (int i = 0; i < a.count; ++i)
    if (a.ints[i] < least || a.ints[i] > INT32_MAX)
      fail(n.where, "%s must hold integers from %lld to 2**31 - 1, got %lld", name,
           static_cast<long long>(least), static_cast<long long>(a.ints[i]));
}

static inline void infer_pool(Node& n, int dilation) {
  const Arg& x = n.in[0];
  if (!is_real(x.dtype))
    fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
  if (x.shape.rank != 4)
    fail(n.where, "x must have shape (N, C, H, W), got %s", text_of(image_shape(x.shape)).text);
  if (n.attr[kPoolKernel].count == 0) fail(n.where, "kernel_size must hold 1 or 2 integers, got 0");
  check_pool_numbers(n, kPoolKernel, "kernel_size", 1);
  check_pool_numbers(n, kPoolStride, "stride", 1);
  check_pool_numbers(n, kPoolPadding, "padding", 0);
  if (dilation >= 0) check_pool_numbers(n, dilation, "dilation", 1);
  n.out[0].shape = x.shape;
  n.out[0].dtype = x.dtype;
  const Pool p = pool_of(n, dilation);
  for (int axis = 0; axis < 2; ++axis) {
    const PoolAxis& a = axis ? p.w : p.h;
    const int64_t reach = (a.kernel - 1) * a.dilation;  // of a window beyond its first pixel
    if (2 * a.pad > reach + 1)
      fail(n.where, "padding must be at most half of the window, %lld, got %lld",
           static_cast<long long>((reach + 1) / 2), static_cast<long long>(a.pad));
    // ceil_mode: one more window where pixels are left, if it begins on the image or before it.
    const int64_t more = n.attr[kPoolCeil].ints[0] ? a.stride - 1 : 0;
    const int64_t room = a.length + 2 * a.pad - reach - 1 + more;
    if (a.length < 1 || room < 0)
      fail(n.where, "kernel_size must fit into x of shape %s with its padding, got windows of %lld",
           text_of(image_shape(x.shape)).text, static_cast<long long>(reach + 1));
    int64_t outputs = room / a.stride + 1;
    if (more && (outputs - 1) * a.stride >= a.length + a.pad) --outputs;
    n.out[0].shape.dims[1 + axis] = outputs;
  }
  n.flops = static_cast<double>(elements(n.out[0].shape)) * static_cast<double>(p.h.kernel) *
            static_cast<double>(p.w.kernel);
}

// Where the first tap inside of the image is in x, and the result in y, of `count` windows side by
// side that have all of their taps, or of one; `next`: from one to the next in x.
struct Windows {
  int64_t oh, ow, from, to;
  int64_t count, next;
};

// f(windows, h, w, roomy) for all windows of rows [begin, end) of outputs: the taps of each, and
// whether kCount numbers may be read from every tap on and written (what comes after the pixel is
// written again).
template <int64_t kCount, class F>
static inline void each_window(const Pool& p, int64_t begin, int64_t end, const F& f) {
  const int64_t row_step = p.w.length * p.C, image = p.h.length * row_step;
  const int64_t all = p.N * image, last = end * p.w.outputs * p.C, next = p.w.stride * p.C;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t oh = row % p.h.outputs;
    const Span h = p.h.span(oh);
    const int64_t base = row / p.h.outputs * image + h.at * row_step;
    int64_t to = row * p.w.outputs * p.C;
    for (int64_t ow = 0, count; ow < p.w.outputs; ow += count, to += count * p.C) {
      const Span w = p.w.span(ow);
      const int64_t from = base + w.at * p.C;
      count = p.w.run(ow);
      if (count > p.w.outputs - ow) count = p.w.outputs - ow;
      bool roomy = false;
      if (p.C < kCount) {
        const int64_t reach =
            (h.count - 1) * p.h.dilation * row_step + (w.count - 1) * p.w.dilation * p.C + kCount;
        const int64_t room_x = all - from - reach, room_y = last - to - kCount;
        roomy = room_x >= 0 && room_y >= 0;
        if (roomy && count > room_x / next + 1) count = room_x / next + 1;
        if (roomy && count > room_y / p.C + 1) count = room_y / p.C + 1;
      }
      f(Windows{oh, ow, from, to, count, next}, h, w, roomy);
    }
  }
}

// f.template operator()<kH, kW>(): the sizes where the window has all of its taps and loops over
// them are to be unrolled, else 0. (Of each kernel that is three times the code: where speed is
// wanted only, which is float32.)
template <bool kUnrolled, class F>
static inline void with_size(const Pool& p, const Span& h, const Span& w, const F& f) {
  if constexpr (kUnrolled)
    if (h.count == p.h.kernel && w.count == p.w.kernel) {
      if (h.count == 2 && w.count == 2) return f.template operator()<2, 2>();
      if (h.count == 3 && w.count == 3) return f.template operator()<3, 3>();
    }
  f.template operator()<0, 0>();
}

// rows(first, last) over rows of outputs, N x h.outputs of them; cost in ns per tap of a float.
template <class F>
static inline void each_output_row(const Pool& p, double cost, const F& rows) {
  const int64_t row = p.w.outputs * p.C, work = row * p.h.kernel * p.w.kernel;
  if (row == 0) return;
  parallel_chunks(p.N * p.h.outputs, kPoolGrain / work + 1,
                  cost * static_cast<double>(p.N * p.h.outputs) * static_cast<double>(work), rows);
}

}  // namespace fastnn::FASTNN_ISA
