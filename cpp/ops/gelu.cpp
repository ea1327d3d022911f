// y = x Phi(x), Phi the normal distribution;  dx = dy (Phi(x) + x phi(x))
// approximate = 1:  y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
#include "ops/unary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct GeluOp {
  static constexpr const char* attrs = "approximate:int=0";

  [[gnu::cold]] static void infer(Node& n) {
    const int64_t approximate = n.attr[0].ints[0];
    if (approximate != 0 && approximate != 1)
      fail(n.where, "approximate must be 0 or 1, got %lld", static_cast<long long>(approximate));
    Unary<Gelu>::infer(n);
  }
  template <class T>
  static void forward(const Node& n) {
    n.attr[0].ints[0] ? Unary<GeluTanh>::forward<T>(n) : Unary<Gelu>::forward<T>(n);
  }
  template <class T>
  static void backward(const Node& n) {
    n.attr[0].ints[0] ? Unary<GeluTanh>::backward<T>(n) : Unary<Gelu>::backward<T>(n);
  }
};

}  // namespace
extern const Op gelu;
const Op gelu = op_of<GeluOp>("gelu");
}  // namespace fastnn::FASTNN_ISA
