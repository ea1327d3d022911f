// Quotient with broadcasting:  y = a / b,  da = dy / b,  db = -dy y / b
#include "ops/binary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Divide {
  static constexpr int kReads[] = {2, 2 | 4};
  static constexpr double kCost = 0.4;

  template <class T>
  static inline T value(T a, T b) {
    return a / b;
  }
  template <class T>
  static inline T da(T dy, T, T b, T) {
    return dy / b;
  }
  template <class T>
  static inline T db(T dy, T, T b, T y) {
    return -dy * y / b;
  }
};

}  // namespace
extern const Op divide;
const Op divide = op_of<Binary<Divide>>("divide");
}  // namespace fastnn::FASTNN_ISA
