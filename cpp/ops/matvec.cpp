// Matrix times vector:  y_i = sum_p a_ip b_p
#include "ops/matmul.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Matvec {
  static constexpr const char* attrs = "";

  static void check(Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    if (a.rank != 2) fail(n.where, "a must have shape (M, K), got %s", text_of(a).text);
    const Shape wanted{1, {a[1]}};
    if (!(b == wanted))
      fail(n.where, "b must have shape %s because a has shape %s, got %s", text_of(wanted).text,
           text_of(a).text, text_of(b).text);
    n.out[0].shape = Shape{1, {a[0]}};
  }

  static Product product(const Node& n) {
    const Shape& a = n.in[0].shape;
    Product p;
    p.m = elements(a, 0, 1);
    p.k = a[1];
    return p;
  }
};

}  // namespace
extern const Op matvec;
const Op matvec = op_of<ProductOp<Matvec>>("matvec");
}  // namespace fastnn::FASTNN_ISA
