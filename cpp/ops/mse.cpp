// Mean squared error:  loss = mean (a - y)^2 over all elements
// Backward:  da = 2 (a - y) / count
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Mse {
  static constexpr const char* attrs = "";
  static constexpr const char* kPrediction = "a";
  static constexpr bool kMean = true;
  static constexpr bool kBinary = false;
  static constexpr double kCost = 0.3;
  static void check(const Node&) {}

  template <class T>
  static inline T value(T a, T y, T) {
    return (a - y) * (a - y);
  }
  template <class T>
  static inline T slope(T a, T y, T) {
    return T(2) * (a - y);
  }
  template <class T>
  static inline T target_slope(T a, T y, T) {
    return T(2) * (y - a);
  }
};

}  // namespace
extern const Op mse;
const Op mse = op_of<ElementCost<Mse>>("mse");
}  // namespace fastnn::FASTNN_ISA
