// Convolution of images:  y[n, i, j, k] = act(b_k + sum w[k, c, u, v] x[n, i s - p + u d, j s - p +
// v d, c]) x (N, H, W, C), w (K, C / groups, KH, KW), b (K,), y (N, OH, OW, K); with `flip` the
// kernel is turned by 180 degrees: convolution as mathematics has it. Backward, with dz = dy
// act'(y): dx is the convolution of dz by w turned, dw that of x by dz, db the sum of dz over
// pixels. For inference, what stands behind it may be done on the way (graph/fuse.h): y = act((b +
// w * x) normalised + residual), the residual being a last operand of y's shape.
#include "gemm/depthwise.h"
#include "ops/channels.h"
#include "ops/conv.h"
#include "ops/conv_rules.h"
#include "ops/dense.h"
#include "ops/epilogue.h"
#include "ops/folded.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kStride, kPadding, kDilation, kGroups, kFlip, kActivation, kAlpha, kEps, kResidual };

long long ll(int64_t v) { return v; }

Activation activation(const Node& n) {
  return static_cast<Activation>(n.attr[kActivation].ints[0]);
}

// What is among the operands beside x and w.
bool has_norm(const Node& n) { return n.attr[kEps].real != 0; }
bool has_residual(const Node& n) { return n.attr[kResidual].ints[0] != 0; }
int norm_at(const Node& n) {
  return n.n_in - (has_residual(n) ? 1 : 0) - (has_norm(n) ? kNormOperands : 0);
}
bool has_bias(const Node& n) { return norm_at(n) > 2; }

ConvSizes sizes(const Node& n) {
  const Shape &x = n.in[0].shape, &w = n.in[1].shape;
  const auto axis = [&](int i) {
    const int64_t before = n.attr[kPadding].ints[2 * i], after = n.attr[kPadding].ints[2 * i + 1];
    ConvAxis a{x[1 + i], 0, w[2 + i], n.attr[kStride].ints[i], before, n.attr[kDilation].ints[i]};
    const int64_t room = a.inputs + before + after - (a.kernel - 1) * a.dilation - 1;
    a.outputs = room < 0 ? 0 : room / a.stride + 1;
    return a;
  };
  const int64_t N = x[0] == kBatch ? 1 : x[0];
  return {N, x[3], w[0], n.attr[kGroups].ints[0], axis(0), axis(1), n.attr[kFlip].ints[0] != 0};
}

DenseSizes dense_sizes(const ConvSizes& s) { return {s.N * s.y.inputs * s.x.inputs, s.C, s.K}; }

// What a product does with its sums, from filter k on.
template <class T, class Product>
Product finished(const Node& n, const ConvSizes& s, Product p, int64_t k) {
  p.bias = has_bias(n) ? data<T>(n.in[2]) + k : nullptr;
  if (has_norm(n) && n.scratch) {
    p.scale = static_cast<const T*>(n.scratch) + k;
    p.bias = p.scale + s.K;
  }
  if (has_residual(n)) p.residual = data<T>(n.in[n.n_in - 1]) + k;
  p.precision = precision_of(n, s.out());
  p.activation = activation(n);
  p.alpha = n.attr[kAlpha].real;
  return p;
}

template <class T>
[[gnu::noinline]] Gemm<T> pointwise(const Node& n, const ConvSizes& s) {
  return finished<T>(
      n, s, dense_gemm(dense_sizes(s), data<T>(n.in[0]), data<T>(n.in[1]), out_data<T>(n.out[0])),
      0);
}

template <class T>
[[gnu::noinline]] Conv<T> forward_of(const Node& n, const ConvSizes& s, int64_t g) {
  Conv<T> c = conv_of(s, g, data<T>(n.in[0]), data<T>(n.in[1]), out_data<T>(n.out[0]));
  c.bf16_x = n.in[0].bf16;
  c.bf16_y = n.out[0].bf16;
  return finished<T>(n, s, c, g * s.out());
}

template <class T>
Conv<T> dx_of(const Node& n, const ConvSizes& s, const T* dz, int64_t g, int64_t py, int64_t px) {
  Conv<T> c = conv_dx_of(s, g, py, px, dz, data<T>(n.in[1]), grad<T>(n.in[0]), n.in[0].bf16_grad);
  c.bf16_x = n.out[0].bf16_grad;
  c.precision = precision_of(n, s.in());
  c.accumulate = n.in[0].accumulate;
  c.is_gradient = true;
  return c;
}

template <class T>
ConvGradient<T> dw_of(const Node& n, const ConvSizes& s, const T* dz, int64_t g) {
  Conv<T> c = conv_of<T>(s, g, data<T>(n.in[0]), nullptr, nullptr);
  c.bf16_x = n.in[0].bf16;
  c.bf16_y = n.out[0].bf16_grad;
  c.precision = precision_of(n, s.out());
  return {c, dz + g * s.out(), grad<T>(n.in[1]) + g * s.weights(), n.in[1].accumulate};
}

// 1 x 1: both gradients are one product each.
template <class T>
Gemm<T> pointwise_dw(const Node& n, const ConvSizes& s, const T* dz) {
  Gemm<T> g = dense_dw_gemm(dense_sizes(s), dz, data<T>(n.in[0]), grad<T>(n.in[1]));
  g.precision = precision_of(n, s.out());
  g.accumulate = n.in[1].accumulate;
  return g;
}
template <class T>
Gemm<T> pointwise_dx(const Node& n, const ConvSizes& s, const T* dz) {
  Gemm<T> g = dense_dx_gemm(dense_sizes(s), dz, data<T>(n.in[1]), grad<T>(n.in[0]));
  g.precision = precision_of(n, s.in());
  g.accumulate = n.in[0].accumulate;
  return g;
}

// The gradient for w of all groups at once: depthwise.
template <class T>
ConvGradient<T> all_dw_of(const Node& n, const ConvSizes& s, const T* dz) {
  ConvGradient<T> all = dw_of(n, s, dz, 0);
  all.of = all_groups(all.of, s.groups);
  return all;
}

Epilogue epilogue(const Node& n, const ConvSizes& s) {
  return {s.N * s.y.outputs * s.x.outputs, s.K, activation(n), n.attr[kAlpha].real};
}

// dz that lies as Bf16, as terms of db.
struct Widened {
  const Bf16* dz;
  const float* segment(int64_t at, int64_t n, float* buffer) const {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) buffer[i] = widened<float>(dz + at + i);
    return buffer;
  }
};

// There is no activation then: dz is dy.
template <class T>
const T* bf16_epilogue_backward(const Node& n, const Epilogue& e, void* scratch) {
  if constexpr (sizeof(T) == 4) {
    const Widened terms{static_cast<const Bf16*>(n.out[0].grad)};
    if (has_bias(n) && n.in[2].grad)
      reduce(Reducer::kSum, over_rows(e), computed<T>(terms), scratch, e.rows * e.K * 0.2,
             store_sum(grad<T>(n.in[2]), n.in[2].accumulate));
  }
  return grad<T>(n.out[0]);
}

template <class T>
void set_scratch(Node& n) {
  const ConvSizes s = sizes(n);
  const T* none = nullptr;
  int64_t& forward = n.scratch_bytes;
  const Epilogue e = epilogue(n, s);
  int64_t backward = db_scratch(e);
  if (s.is_pointwise()) {
    forward = gemm_scratch(pointwise<T>(n, s));
    backward = most(backward, gemm_scratch(pointwise_dx(n, s, none)));
    backward = most(backward, gemm_scratch(pointwise_dw(n, s, none)));
  } else {
    const bool deep = s.is_depthwise();
    const auto scratch_of = [=](const Conv<T>& c) {
      return deep ? depthwise_scratch(all_groups(c, s.groups)) : conv_scratch(c);
    };
    forward = scratch_of(forward_of<T>(n, s, 0));
    backward = most(backward, deep ? depthwise_gradient_scratch(all_dw_of(n, s, none))
                                   : conv_gradient_scratch(dw_of(n, s, none, 0)));
    for_phases(s, false, [&](int64_t g, int64_t py, int64_t px) {
      backward = most(backward, scratch_of(dx_of(n, s, none, g, py, px)));
    });
  }
  if (has_norm(n)) forward += folded_bytes(s.K, sizeof(T));
  n.dz_bytes = dz_bytes<T>(e);
  n.reverse_bytes = n.dz_bytes + backward;
}

void check_shapes(const Node& n) {
  const Shape &x = n.in[0].shape, &w = n.in[1].shape;
  const Shape image = image_shape(x);
  const int64_t groups = n.attr[kGroups].ints[0], C = x[3];
  if (groups < 1 || C % groups != 0 || w[0] % groups != 0)
    fail(n.where, "groups must divide the %lld channels of x and the %lld filters of w, got %lld",
         ll(C), ll(w[0]), ll(groups));
  if (w[1] != C / groups || w[0] < 1 || w[2] < 1 || w[3] < 1)
    fail(n.where, "w must have shape (K, %lld, KH, KW) because x has shape %s%s, got %s",
         ll(C / groups), text_of(image).text, groups > 1 ? " and the channels are in groups" : "",
         text_of(w).text);
  if (has_bias(n) && (n.in[2].shape.rank != 1 || n.in[2].shape[0] != w[0]))
    fail(n.where, "b must have shape (%lld,) because w has shape %s, got %s", ll(w[0]),
         text_of(w).text, text_of(n.in[2].shape).text);
  for (int i = 0; i < 2; ++i) {
    const int64_t d = n.attr[kDilation].ints[i], reach = (w[2 + i] - 1) * d + 1;
    const int64_t room = x[1 + i] + n.attr[kPadding].ints[2 * i] + n.attr[kPadding].ints[2 * i + 1];
    if (reach > room)
      fail(n.where,
           "w must reach over at most the %lld %s of x with its padding, got %lld%s; x has "
           "shape %s%s",
           ll(room), i == 0 ? "rows" : "columns", ll(reach), d > 1 ? " (dilated)" : "",
           text_of(image).text, x[1 + i] > 0 ? ", use padding=\"same\" or a smaller kernel" : "");
  }
}

// What may hold Bf16: each kernel that touches it must know that.
[[gnu::cold]] void find_bf16(Node& n, const ConvSizes& s) {
  if (s.groups > 1 || s.is_pointwise() || n.forward_only) return;
  const Conv<float> forward = forward_of<float>(n, s, 0);
  const Conv<float> dw = dw_of<float>(n, s, nullptr, 0).of;
  bool writes_dx = s.y.meets_all() && s.x.meets_all(), reads_dy = true;
  for_phases(s, true, [&](int64_t g, int64_t py, int64_t px) {
    const Conv<float> dx = dx_of<float>(n, s, nullptr, g, py, px);
    writes_dx = writes_dx && writes_bf16(dx);
    reads_dy = reads_dy && reads_bf16(dx);
  });
  n.bf16_in = reads_bf16(forward) && reads_bf16(dw) ? 1u : 0u;
  n.bf16_out = writes_bf16(forward) ? 1u : 0u;
  n.bf16_dx = writes_dx ? 1u : 0u;
  n.bf16_dy = writes_bf16(forward) && reads_dy ? 1u : 0u;
}

struct Conv2d {
  static constexpr const char* attrs =
      "stride:ints padding:ints dilation:ints groups:int=1 flip:int=0 activation:int=0 "
      "alpha:real=0 eps:real=0 residual:int=0";
  static constexpr Operands kOperands{2, 3 + kNormOperands + 1};

  [[gnu::cold]] static void infer(Node& n) {
    check_own(n, norm_at(n));
    check_conv_operands(n);
    const Arg &x = n.in[0], &w = n.in[1];
    check_numbers(n, n.attr[kStride], "stride", 2, 1);
    check_numbers(n, n.attr[kPadding], "padding", 4, 0);
    check_numbers(n, n.attr[kDilation], "dilation", 2, 1);
    check_shapes(n);
    const int64_t kind = n.attr[kActivation].ints[0];
    if (kind < 0 || kind > kLastActivation)
      fail(n.where, "activation must be a number from 0 to %d, got %lld", kLastActivation,
           ll(kind));
    const ConvSizes s = sizes(n);
    n.out[0].shape = Shape{4, {x.shape[0], s.y.outputs, s.x.outputs, s.K}};
    n.out[0].dtype = x.dtype;
    n.forward_only = has_norm(n) || has_residual(n);
    if (has_norm(n)) check_folded(n, n.in + norm_at(n), s.K);
    if (has_residual(n) && !(n.in[n.n_in - 1].shape == n.out[0].shape))
      fail(n.where, "residual must have shape %s as y has, got %s",
           text_of(image_shape(n.out[0].shape)).text,
           text_of(image_shape(n.in[n.n_in - 1].shape)).text);
    n.reads_in = 3u;
    n.reads_out = kind ? 1u : 0u;
    n.flops = 2.0 * s.N * s.y.outputs * s.x.outputs * s.K * elements(w.shape, 1);
    x.dtype == DType::kFloat32 ? set_scratch<float>(n) : set_scratch<double>(n);
    if (n.precision != Precision::kFull && x.dtype == DType::kFloat32) find_bf16(n, s);
  }

  template <class T>
  static void forward(const Node& n) {
    const ConvSizes s = sizes(n);
    char* scratch = static_cast<char*>(n.scratch);
    if (has_norm(n)) {
      fold(n.in + norm_at(n), n.attr[kEps].real, has_bias(n) ? data<T>(n.in[2]) : nullptr, s.K,
           static_cast<T*>(n.scratch));
      scratch += folded_bytes(s.K, sizeof(T));
    }
    if (s.is_pointwise()) return gemm(pointwise<T>(n, s), scratch);
    if (s.is_depthwise()) return depthwise(all_groups(forward_of<T>(n, s, 0), s.groups), scratch);
    for (int64_t g = 0; g < s.groups; ++g) conv(forward_of<T>(n, s, g), scratch);
  }

  template <class T>
  static void backward(const Node& n) {
    const ConvSizes s = sizes(n);
    const Epilogue e = epilogue(n, s);
    char* scratch = static_cast<char*>(n.scratch);
    const T* dz = n.out[0].bf16_grad ? bf16_epilogue_backward<T>(n, e, scratch)
                                     : epilogue_backward<T>(n, e, scratch);
    if (s.is_pointwise()) {
      if (n.in[1].grad) gemm(pointwise_dw(n, s, dz), scratch);
      if (n.in[0].grad) gemm(pointwise_dx(n, s, dz), scratch);
      return;
    }
    const bool deep = s.is_depthwise();
    if (n.in[1].grad && deep) depthwise_gradient(all_dw_of(n, s, dz), scratch);
    if (n.in[1].grad && !deep)
      for (int64_t g = 0; g < s.groups; ++g) conv_gradient(dw_of(n, s, dz, g), scratch);
    if (n.in[0].grad && !n.in[0].accumulate) clear_unmet<T>(s, grad<T>(n.in[0]), nullptr);
    if (n.in[0].grad)
      for_phases(s, !deep, [&](int64_t g, int64_t py, int64_t px) {
        const Conv<T> c = dx_of(n, s, dz, g, py, px);
        deep ? depthwise(all_groups(c, s.groups), scratch) : conv(c, scratch);
      });
  }
};

}  // namespace
extern const Op conv2d;
const Op conv2d = op_of<Conv2d>("conv2d");
}  // namespace fastnn::FASTNN_ISA
