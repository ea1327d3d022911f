// Batched matrix product:  y[n, i, j] = sum_p a[n, i, p] b[n, p, j]
#include "ops/matmul.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Bmm {
  static constexpr const char* attrs = "";

  static void check(Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    if (a.rank != 3) fail(n.where, "a must have shape (N, I, P), got %s", text_of(a).text);
    if (b.rank != 3 || b[0] != a[0] || b[1] != a[2]) {
      const Shape rows{2, {a[0], a[2]}};
      const ShapeText text = text_of(rows);
      const int length = __builtin_strlen(text.text) - 1;
      fail(n.where, "b must have shape %.*s, J) because a has shape %s, got %s", length, text.text,
           text_of(a).text, text_of(b).text);
    }
    n.out[0].shape = a;
    n.out[0].shape.dims[2] = b[2];
  }

  static Product product(const Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    Product p;
    p.m = a[1];
    p.k = a[2];
    p.n = b[2];
    p.batch = p.batch_a = p.batch_b = leading(a, 2);
    return p;
  }
};

}  // namespace
extern const Op bmm;
const Op bmm = op_of<ProductOp<Bmm>>("bmm");
}  // namespace fastnn::FASTNN_ISA
