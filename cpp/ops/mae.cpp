// Mean absolute error:  loss = mean |a - y| over all elements
// Backward:  da = sign(a - y) / count, 0 where a = y
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Mae {
  static constexpr const char* attrs = "";
  static constexpr const char* kPrediction = "a";
  static constexpr bool kMean = true;
  static constexpr bool kBinary = false;
  static constexpr double kCost = 0.3;
  static void check(const Node&) {}

  template <class T>
  static inline T value(T a, T y, T) {
    const T d = a - y;
    return d < T(0) ? -d : d;
  }
  template <class T>
  static inline T slope(T a, T y, T) {
    const T d = a - y;
    const T sign = d > T(0) ? T(1) : T(-1);
    return d > T(0) || d < T(0) ? sign : d;  // 0 stays 0, NaN stays NaN
  }
  template <class T>
  static inline T target_slope(T a, T y, T) {
    return slope(y, a, T(0));
  }
};

}  // namespace
extern const Op mae;
const Op mae = op_of<ElementCost<Mae>>("mae");
}  // namespace fastnn::FASTNN_ISA
