// Smaller of two with broadcasting; NaN where either is. The gradient goes to the smaller, half to
// each of equals.
#include "ops/binary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Minimum {
  static constexpr int kReads[] = {3, 3};
  static constexpr double kCost = 0.25;

  template <class T>
  static inline T value(T a, T b) {
    return a < b || a != a ? a : b;
  }
  template <class T>
  static inline T da(T dy, T a, T b, T) {
    return a < b || a != a ? dy : a == b ? T(0.5) * dy : T(0);
  }
  template <class T>
  static inline T db(T dy, T a, T b, T) {
    return a < b || a != a ? T(0) : a == b ? T(0.5) * dy : dy;
  }
};

}  // namespace
extern const Op minimum;
const Op minimum = op_of<Binary<Minimum>>("minimum");
}  // namespace fastnn::FASTNN_ISA
