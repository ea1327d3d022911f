// Outer product, a matrix of rank one:  y_ij = a_i b_j
#include "ops/matmul.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Outer {
  static constexpr const char* attrs = "";

  static void check(Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    if (a.rank != 1) fail(n.where, "a must have shape (M,), got %s", text_of(a).text);
    if (b.rank != 1) fail(n.where, "b must have shape (K,), got %s", text_of(b).text);
    n.out[0].shape = Shape{2, {a[0], b[0]}};
  }

  static Product product(const Node& n) {
    Product p;
    p.m = elements(n.in[0].shape);
    p.n = elements(n.in[1].shape);
    return p;
  }
};

}  // namespace
extern const Op outer;
const Op outer = op_of<ProductOp<Outer>>("outer");
}  // namespace fastnn::FASTNN_ISA
