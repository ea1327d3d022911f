#include "base/beta.h"

#include <cmath>

namespace fastnn {
namespace {

constexpr uint32_t kFirstBlock = 1u << 16;  // below are the caller's

// Uniform numbers in (0, 1), one after the other.
class Uniforms {
 public:
  Uniforms(RandomKey key, uint64_t step) : key_(key), step_(step) {}
  double next() {
    const Random4 r = random4(key_, step_, block_++);
    const uint64_t bits = (static_cast<uint64_t>(r.v[0]) << 20) ^ (r.v[1] >> 12);
    return (static_cast<double>(bits) + 0.5) * 0x1p-52;
  }
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(next()));
    return radius * std::cos(6.283185307179586 * next());
  }

 private:
  RandomKey key_;
  uint64_t step_;
  uint32_t block_ = kFirstBlock;
};

// The logarithm of a Gamma(a) number: for small a the number itself may be below the smallest
// double. Gamma(a) is Gamma(a + 1) times u^(1/a).
double log_gamma_number(Uniforms& u, double a) {
  const double d = a + 1.0 - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = u.normal(), v = std::pow(1.0 + c * x, 3);
    if (v > 0 && std::log(u.next()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return std::log(d * v) + std::log(u.next()) / a;
  }
}

}  // namespace

double random_beta(RandomKey key, uint64_t step, double a) {
  Uniforms u(key, step);
  const double first = log_gamma_number(u, a), second = log_gamma_number(u, a);
  return 1.0 / (1.0 + std::exp(second - first));
}

}  // namespace fastnn
