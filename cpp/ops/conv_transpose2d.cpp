// Transposed convolution: conv2d read backwards. Its forward run is conv2d's gradient for input,
// its gradient for input is conv2d, and x and y change places in the gradient for the weight. x (N,
// H, W, C), w (C, K / groups, KH, KW), b (K,), y (N, OH, OW, K), OH = (H - 1) stride - before -
// after + dilation (KH - 1) + output_padding + 1
#include "ops/channels.h"
#include "ops/conv.h"
#include "ops/conv_rules.h"
#include "ops/epilogue.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kStride, kPadding, kDilation, kOutputPadding, kGroups };

long long ll(int64_t v) { return v; }

int64_t length(const Node& n, int i) {
  const Shape &x = n.in[0].shape, &w = n.in[1].shape;
  const Attr &stride = n.attr[kStride], &padding = n.attr[kPadding];
  return (x[1 + i] - 1) * stride.ints[i] - padding.ints[2 * i] - padding.ints[2 * i + 1] +
         n.attr[kDilation].ints[i] * (w[2 + i] - 1) + n.attr[kOutputPadding].ints[i] + 1;
}

// Those of the convolution that leads from y back to x.
ConvSizes sizes(const Node& n) {
  const Shape &x = n.in[0].shape, &w = n.in[1].shape;
  const auto axis = [&](int i) {
    return ConvAxis{most(length(n, i), 0),
                    x[1 + i],
                    w[2 + i],
                    n.attr[kStride].ints[i],
                    n.attr[kPadding].ints[2 * i],
                    n.attr[kDilation].ints[i]};
  };
  const int64_t groups = n.attr[kGroups].ints[0];
  return {x[0] == kBatch ? 1 : x[0], w[1] * groups, x[3], groups, axis(0), axis(1), false};
}

template <class T>
Conv<T> forward_of(const Node& n, const ConvSizes& s, int64_t g, int64_t py, int64_t px) {
  Conv<T> c = conv_dx_of(s, g, py, px, data<T>(n.in[0]), data<T>(n.in[1]), out_data<T>(n.out[0]));
  c.precision = precision_of(n, s.in());
  c.bias = n.n_in > 2 ? data<T>(n.in[2]) + g * s.in() : nullptr;
  return c;
}

template <class T>
Conv<T> dx_of(const Node& n, const ConvSizes& s, int64_t g) {
  Conv<T> c = conv_of<T>(s, g, grad<T>(n.out[0]), data<T>(n.in[1]), grad<T>(n.in[0]));
  c.precision = precision_of(n, s.out());
  c.accumulate = n.in[0].accumulate;
  return c;
}

template <class T>
ConvGradient<T> dw_of(const Node& n, const ConvSizes& s, int64_t g) {
  Conv<T> c = conv_of<T>(s, g, grad<T>(n.out[0]), nullptr, nullptr);
  c.precision = precision_of(n, s.out());
  return {c, data<T>(n.in[0]) + g * s.out(), grad<T>(n.in[1]) + g * s.weights(),
          n.in[1].accumulate};
}

Epilogue epilogue(const ConvSizes& s) { return {s.N * s.y.inputs * s.x.inputs, s.C}; }

template <class T>
void set_scratch(Node& n) {
  const ConvSizes s = sizes(n);
  n.reverse_bytes = most(conv_scratch(dx_of<T>(n, s, 0)), conv_gradient_scratch(dw_of<T>(n, s, 0)));
  n.reverse_bytes = most(n.reverse_bytes, db_scratch(epilogue(s)));
  for_phases(s, false, [&](int64_t g, int64_t py, int64_t px) {
    n.scratch_bytes = most(n.scratch_bytes, conv_scratch(forward_of<T>(n, s, g, py, px)));
  });
}

void check_shapes(const Node& n) {
  const Shape &x = n.in[0].shape, &w = n.in[1].shape;
  const int64_t groups = n.attr[kGroups].ints[0], C = x[3];
  const Shape image = image_shape(x);
  if (groups < 1 || C % groups != 0)
    fail(n.where, "groups must divide the %lld channels of x, got %lld", ll(C), ll(groups));
  if (w.rank != 4 || w[0] != C || w[1] < 1 || w[2] < 1 || w[3] < 1)
    fail(n.where, "w must have shape (%lld, K, KH, KW) because x has shape %s, got %s", ll(C),
         text_of(image).text, text_of(w).text);
  const int64_t K = w[1] * groups;
  if (n.n_in > 2 && (n.in[2].shape.rank != 1 || n.in[2].shape[0] != K))
    fail(n.where, "b must have shape (%lld,) because w has shape %s, got %s", ll(K),
         text_of(w).text, text_of(n.in[2].shape).text);
  for (int i = 0; i < 2; ++i) {
    const int64_t out = n.attr[kOutputPadding].ints[i];
    const int64_t below = most(n.attr[kStride].ints[i], n.attr[kDilation].ints[i]);
    if (out >= below)
      fail(n.where, "output_padding must be below the stride or the dilation, %lld, got %lld",
           ll(below), ll(out));
    if (x[1 + i] > 0 && length(n, i) < 1)
      fail(n.where,
           "padding must leave at least 1 of the %s of the result, got %lld; x has shape %s",
           i == 0 ? "rows" : "columns", ll(length(n, i)), text_of(image).text);
  }
}

struct ConvTranspose2d {
  static constexpr const char* attrs =
      "stride:ints padding:ints dilation:ints output_padding:ints groups:int=1";
  static constexpr Operands kOperands{2, 3};

  [[gnu::cold]] static void infer(Node& n) {
    check_conv_operands(n);
    check_numbers(n, n.attr[kStride], "stride", 2, 1);
    check_numbers(n, n.attr[kPadding], "padding", 4, 0);
    check_numbers(n, n.attr[kDilation], "dilation", 2, 1);
    check_numbers(n, n.attr[kOutputPadding], "output_padding", 2, 0);
    check_shapes(n);
    const Arg &x = n.in[0], &w = n.in[1];
    const ConvSizes s = sizes(n);
    n.out[0].shape = Shape{4, {x.shape[0], most(s.y.inputs, 0), most(s.x.inputs, 0), s.C}};
    n.out[0].dtype = x.dtype;
    n.reads_in = 3u;
    n.reads_out = 0u;
    n.flops = 2.0 * elements(x.shape) * elements(w.shape, 1);
    x.dtype == DType::kFloat32 ? set_scratch<float>(n) : set_scratch<double>(n);
  }

  template <class T>
  static void forward(const Node& n) {
    const ConvSizes s = sizes(n);
    clear_unmet(s, out_data<T>(n.out[0]), n.n_in > 2 ? data<T>(n.in[2]) : nullptr);
    for_phases(s, true, [&](int64_t g, int64_t py, int64_t px) {
      conv(forward_of<T>(n, s, g, py, px), n.scratch);
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const ConvSizes s = sizes(n);
    char* scratch = static_cast<char*>(n.scratch);
    epilogue_backward<T>(n, epilogue(s), scratch);
    for (int64_t g = 0; g < s.groups; ++g) {
      if (n.in[1].grad) conv_gradient(dw_of<T>(n, s, g), n.scratch);
      if (n.in[0].grad) conv(dx_of<T>(n, s, g), n.scratch);
    }
  }
};

}  // namespace
extern const Op conv_transpose2d;
const Op conv_transpose2d = op_of<ConvTranspose2d>("conv_transpose2d");
}  // namespace fastnn::FASTNN_ISA
