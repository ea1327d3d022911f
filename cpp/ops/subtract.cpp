// Difference with broadcasting:  y = a - b,  da = dy,  db = -dy
#include "ops/binary.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Subtract {
  static constexpr int kReads[] = {0, 0};
  static constexpr double kCost = 0.25;

  template <class T>
  static inline T value(T a, T b) {
    return a - b;
  }
  template <class T>
  static inline T da(T dy, T, T, T) {
    return dy;
  }
  template <class T>
  static inline T db(T dy, T, T, T) {
    return -dy;
  }
};

}  // namespace
extern const Op subtract;
const Op subtract = op_of<Binary<Subtract>>("subtract");
}  // namespace fastnn::FASTNN_ISA
