// y = x for x > 0, alpha (exp x - 1) else;  dx = dy or dy (y + alpha)
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct EluOp : Elu {
  static void check(const Node& n) {
    const double alpha = n.attr[0].real;
    if (!(alpha >= 0 && alpha < __builtin_inf()))
      fail(n.where, "alpha must be a finite number >= 0, got %g", alpha);
  }
};

}  // namespace
extern const Op elu;
const Op elu = op_of<Unary<EluOp>>("elu");
}  // namespace fastnn::FASTNN_ISA
