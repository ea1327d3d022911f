// y = x for x > 0, negative_slope x else;  dx = dy or dy negative_slope
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct LeakyReluOp : LeakyRelu {
  static void check(const Node& n) {
    const double negative_slope = n.attr[0].real;
    if (!(negative_slope >= 0 && negative_slope < __builtin_inf()))
      fail(n.where, "negative_slope must be a finite number >= 0, got %g", negative_slope);
  }
};

}  // namespace
extern const Op leaky_relu;
const Op leaky_relu = op_of<Unary<LeakyReluOp>>("leaky_relu");
}  // namespace fastnn::FASTNN_ISA
