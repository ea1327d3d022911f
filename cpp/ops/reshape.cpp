// Another shape for the same elements in the same order; a view. In attribute shape, -1 is inferred
// from the number of elements, and -2 is the length of x's first axis (the batch, known or not).
#include <stdio.h>

#include "ops/copy.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kInferred = -1;
constexpr int64_t kKept = -2;

struct Reshape {
  static constexpr const char* attrs = "shape:ints";

  // The asked shape as Python writes it, for errors.
  static ShapeText asked(const Attr& attr) {
    ShapeText out;
    char* p = out.text;
    char* const end = out.text + sizeof out.text;
    p += snprintf(p, end - p, "(");
    for (int i = 0; i < attr.count; ++i) {
      const char* after = i + 1 < attr.count ? ", " : attr.count == 1 ? "," : "";
      p += attr.ints[i] == kKept
               ? snprintf(p, end - p, "None%s", after)
               : snprintf(p, end - p, "%lld%s", static_cast<long long>(attr.ints[i]), after);
    }
    snprintf(p, end - p, ")");
    return out;
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Shape& x = n.in[0].shape;
    const Attr& attr = n.attr[0];
    if (attr.count > kMaxRank)
      fail(n.where, "shape must have at most %d axes, got %lld", kMaxRank,
           static_cast<long long>(attr.count));
    const bool open = x.rank > 0 && x[0] == kBatch;  // the batch is not known yet
    Shape& y = n.out[0].shape;
    y = Shape{};
    int inferred = -1;
    // The kept batch counts on neither side: it may be unknown, or 0.
    const bool kept = attr.count > 0 && attr.ints[0] == kKept;
    int64_t known = 1, total = elements(x, kept ? 1 : 0);
    for (int i = 0; i < attr.count; ++i) {
      int64_t dim = attr.ints[i];
      if (dim < kKept)
        fail(n.where, "shape must hold lengths >= 0 and at most one -1, got %lld",
             static_cast<long long>(dim));
      if (dim == kKept && i > 0)
        fail(n.where, "shape must have None, the batch, only as its first axis, got it as axis %d",
             i);
      if (dim == kKept && x.rank == 0)
        fail(n.where, "x must have at least 1 axis because shape begins with None, got shape ()");
      if (dim == kKept) dim = x[0];
      // An open batch can only come back as the first axis: -1 there stands for it.
      if (open && i == 0 && attr.ints[i] == kInferred) dim = kBatch;
      y.dims[y.rank++] = dim;
      if (attr.ints[i] == kInferred && !(open && i == 0)) {
        if (inferred >= 0)
          fail(n.where, "shape must hold lengths >= 0 and at most one -1, got two");
        inferred = i;
      } else if (dim != kBatch && attr.ints[i] != kKept) {
        known *= dim;
      }
    }
    if (open && (y.rank == 0 || y[0] != kBatch))
      fail(n.where, "shape must begin with None or -1, the batch, because x has shape %s",
           text_of(x).text);
    if (inferred >= 0) {
      y.dims[inferred] = known > 0 ? total / known : 0;
      known *= y.dims[inferred];
    }
    if (known != total)
      fail(n.where, "shape must hold as many elements as x, whose shape is %s, got %s",
           text_of(x).text, asked(attr).text);
    n.out[0].dtype = n.in[0].dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
    n.is_view = true;
  }

  template <class T>
  static void forward(const Node& n) {
    view_forward(n);
  }
  template <class T>
  static void backward(const Node& n) {
    view_backward<T>(n);
  }
};

}  // namespace
extern const Op reshape;
const Op reshape = op_of<Reshape>("reshape");
}  // namespace fastnn::FASTNN_ISA
