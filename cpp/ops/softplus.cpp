// y = log(1 + exp(beta x)) / beta,  dx = dy sigmoid(beta x) = dy (1 - exp(-beta y))
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct SoftplusOp : Softplus {
  static void check(const Node& n) {
    const double beta = n.attr[0].real;
    if (!(beta > 0 && beta < __builtin_inf()))
      fail(n.where, "beta must be a finite number > 0, got %g", beta);
  }
};

}  // namespace
extern const Op softplus;
const Op softplus = op_of<Unary<SoftplusOp>>("softplus");
}  // namespace fastnn::FASTNN_ISA
