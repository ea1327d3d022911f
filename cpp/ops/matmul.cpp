// Matrix product:  y[..., i, j] = sum_p a[..., i, p] b[..., p, j], batch axes broadcast; a vector a
// is one row, a vector b one column, and that axis is left out of y.
#include "ops/matmul.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kTransposeA, kTransposeB };

struct Matmul {
  static constexpr const char* attrs = "transpose_a:int=0 transpose_b:int=0";

  // Rows and columns of an operand as the product sees it.
  static void matrix(const Shape& s, bool transpose, bool is_a, int64_t& rows, int64_t& columns) {
    if (s.rank == 1) {
      rows = is_a ? 1 : s[0];
      columns = is_a ? s[0] : 1;
      return;
    }
    rows = s[s.rank - (transpose ? 1 : 2)];
    columns = s[s.rank - (transpose ? 2 : 1)];
  }

  static void check(Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    if (a.rank < 1) fail(n.where, "a must have at least 1 axis, got shape ()");
    if (b.rank < 1) fail(n.where, "b must have at least 1 axis, got shape ()");
    int64_t m, k, rows, columns;
    matrix(a, n.attr[kTransposeA].ints[0], true, m, k);
    matrix(b, n.attr[kTransposeB].ints[0], false, rows, columns);
    if (k != rows)
      fail(
          n.where,
          "a and b must share the inner length, got %s with %lld columns%s and %s with %lld rows%s",
          text_of(a).text, static_cast<long long>(k),
          n.attr[kTransposeA].ints[0] ? " when transposed" : "", text_of(b).text,
          static_cast<long long>(rows), n.attr[kTransposeB].ints[0] ? " when transposed" : "");
    Shape& y = n.out[0].shape;
    y = leading(a, 2);
    broadcast_into(y, leading(b, 2), n.where, "the batch axes of a and b");
    if (a.rank > 1) y.dims[y.rank++] = m;
    if (b.rank > 1) y.dims[y.rank++] = columns;
  }

  static Product product(const Node& n) {
    const Shape &a = n.in[0].shape, &b = n.in[1].shape;
    Product p;
    p.transpose_a = n.attr[kTransposeA].ints[0] && a.rank > 1;
    p.transpose_b = n.attr[kTransposeB].ints[0] && b.rank > 1;
    matrix(a, p.transpose_a, true, p.m, p.k);
    matrix(b, p.transpose_b, false, p.k, p.n);
    p.batch_a = leading(a, 2);
    p.batch_b = leading(b, 2);
    p.batch = leading(n.out[0].shape, (a.rank > 1) + (b.rank > 1));
    if (p.m == kBatch) p.m = 1;  // sizes only, before N is known
    if (p.n == kBatch) p.n = 1;
    if (p.k == kBatch) p.k = 1;
    merge_batch(p);
    return p;
  }
};

}  // namespace
extern const Op matmul;
const Op matmul = op_of<ProductOp<Matmul>>("matmul");
}  // namespace fastnn::FASTNN_ISA
