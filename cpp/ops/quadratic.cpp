// Quadratic cost of the lectures, averaged over the batch:  loss = 1/(2N) sum (a - y)^2
// Backward:  da = (a - y) / N
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Quadratic {
  static constexpr const char* attrs = "";
  static constexpr const char* kPrediction = "a";
  static constexpr bool kMean = false;
  static constexpr bool kBinary = false;
  static constexpr double kCost = 0.3;
  static void check(const Node&) {}

  template <class T>
  static inline T value(T a, T y, T) {
    return T(0.5) * (a - y) * (a - y);
  }
  template <class T>
  static inline T slope(T a, T y, T) {
    return a - y;
  }
  template <class T>
  static inline T target_slope(T a, T y, T) {
    return y - a;
  }
};

}  // namespace
extern const Op quadratic;
const Op quadratic = op_of<ElementCost<Quadratic>>("quadratic");
}  // namespace fastnn::FASTNN_ISA
