// Cross-entropy of sigmoid outputs p, summed over units, averaged over the batch:
//   loss = -1/N sum (y log p + (1 - y) log(1 - p))
// Backward:  dp = (p - y) / (p (1 - p)) / N
// NaN where p is not in [0, 1]. p is kept inside [tiny, 1 - eps/2] (smallest normal number, largest
// number below 1), so that p = 0 and p = 1 give a large finite cost. Fused with the sigmoid
// (sigmoid_binary_cross_entropy) it is exact.
#include <float.h>

#include "ops/class_cost.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
inline constexpr T kBelowOne = T(1) - T(FLT_EPSILON) / 2;
template <>
inline constexpr double kBelowOne<double> = 1 - DBL_EPSILON / 2;

struct BinaryCrossEntropy {
  static constexpr const char* attrs = "";
  static constexpr const char* kPrediction = "p";
  static constexpr bool kMean = false;
  static constexpr bool kBinary = true;
  static constexpr double kCost = 4;
  static void check(const Node&) {}

  template <class T>
  [[gnu::always_inline]] static inline T inside(T p) {
    const T low = p < kTiny<T> ? kTiny<T> : p;
    return low > kBelowOne<T> ? kBelowOne<T> : low;
  }
  template <class T>
  [[gnu::always_inline]] static inline T value(T p, T y, T) {
    const T q = inside(p);
    return nan_of_no_probability(p) - (y * simd::log(q) + (T(1) - y) * simd::log(T(1) - q));
  }
  template <class T>
  [[gnu::always_inline]] static inline T slope(T p, T y, T) {
    const T q = inside(p);
    return nan_of_no_probability(p) + (T(1) - y) / (T(1) - q) - y / q;
  }
  template <class T>
  [[gnu::always_inline]] static inline T target_slope(T p, T, T) {
    const T q = inside(p);
    return nan_of_no_probability(p) + simd::log(T(1) - q) - simd::log(q);
  }
};

}  // namespace
extern const Op binary_cross_entropy;
const Op binary_cross_entropy = op_of<ElementCost<BinaryCrossEntropy>>("binary_cross_entropy");
}  // namespace fastnn::FASTNN_ISA
