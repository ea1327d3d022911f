// Product with broadcasting:  y = a b,  da = dy b,  db = dy a
#include "ops/binary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Multiply {
  static constexpr int kReads[] = {2, 1};
  static constexpr double kCost = 0.25;

  template <class T>
  static inline T value(T a, T b) {
    return a * b;
  }
  template <class T>
  static inline T da(T dy, T, T b, T) {
    return dy * b;
  }
  template <class T>
  static inline T db(T dy, T a, T, T) {
    return dy * a;
  }
};

}  // namespace
extern const Op multiply;
const Op multiply = op_of<Binary<Multiply>>("multiply");
}  // namespace fastnn::FASTNN_ISA
