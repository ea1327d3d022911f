// Huber cost, mean over all elements of  d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2),
// d = a - y.  Backward:  da = d clipped to [-delta, delta] / count
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Huber {
  static constexpr const char* attrs = "delta:real=1";
  static constexpr const char* kPrediction = "a";
  static constexpr bool kMean = true;
  static constexpr bool kBinary = false;
  static constexpr double kCost = 0.4;

  static void check(const Node& n) {
    if (!(n.attr[0].real > 0)) fail(n.where, "delta must be > 0, got %g", n.attr[0].real);
  }

  template <class T>
  static inline T slope(T a, T y, T delta) {
    const T d = a - y;
    const T low = d < -delta ? -delta : d;
    return low > delta ? delta : low;
  }
  // With c = d clipped: c (d - c/2) is d^2/2 inside and delta (|d| - delta/2) outside.
  template <class T>
  static inline T value(T a, T y, T delta) {
    const T c = slope(a, y, delta);
    return c * ((a - y) - T(0.5) * c);
  }
  template <class T>
  static inline T target_slope(T a, T y, T delta) {
    return -slope(a, y, delta);
  }
};

}  // namespace
extern const Op huber;
const Op huber = op_of<ElementCost<Huber>>("huber");
}  // namespace fastnn::FASTNN_ISA
