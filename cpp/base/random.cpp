#include "base/random.h"

#include <cmath>
#include <utility>

namespace fastnn {
namespace {

double unit(uint32_t high, uint32_t low) {
  return static_cast<double>((static_cast<uint64_t>(high) << 21) ^ (low >> 11)) * 0x1p-53;
}

// Each block of random bits makes two numbers of a sequence.
template <class Make>
void in_pairs(RandomKey key, uint64_t step, int64_t first, int64_t n, double* out, Make make) {
  for (int64_t i = first - first % 2; i < first + n; i += 2) {
    double pair[2];
    make(random4(key, step, static_cast<uint32_t>(i / 2)), pair);
    if (i >= first) out[i - first] = pair[0];
    if (i + 1 < first + n) out[i + 1 - first] = pair[1];
  }
}

}  // namespace

void random_uniform(RandomKey key, uint64_t step, int64_t first, int64_t n, double* out) {
  in_pairs(key, step, first, n, out, [](const Random4& r, double pair[2]) {
    pair[0] = unit(r.v[0], r.v[1]);
    pair[1] = unit(r.v[2], r.v[3]);
  });
}

void random_normal(RandomKey key, uint64_t step, int64_t first, int64_t n, double* out) {
  in_pairs(key, step, first, n, out, [](const Random4& r, double pair[2]) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(r.v[0], r.v[1])));
    const double angle = 6.283185307179586 * unit(r.v[2], r.v[3]);
    pair[0] = radius * std::cos(angle);
    pair[1] = radius * std::sin(angle);
  });
}

// Fisher-Yates. Taking a 64-bit number modulo at most 2^40 leaves a bias below 2^-24 per draw.
void random_permutation(RandomKey key, uint64_t step, int64_t n, int64_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    const Random4 r = random4(key, step, static_cast<uint32_t>(i));
    const uint64_t wide = (static_cast<uint64_t>(r.v[0]) << 32) | r.v[1];
    std::swap(out[i], out[wide % static_cast<uint64_t>(i + 1)]);
  }
}

}  // namespace fastnn
