// Random numbers of one sample: single ones for what is drawn once, many for what each pixel gets.
#pragma once
#include "simd/math.h"
#include "simd/philox.h"

namespace fastnn::FASTNN_ISA {

constexpr uint32_t kPixelBlock = 64;  // Philox blocks below are for single numbers
constexpr int64_t kGroup = 4 * kBlocks;

struct Chance {
  RandomKey key;
  uint64_t step;

  // Number i of random_uniform(key, step): 53 bits in [0, 1).
  double uniform(uint32_t i) const {
    const Random4 r = random4(key, step, i / 2);
    const uint64_t high = r.v[i % 2 * 2], low = r.v[i % 2 * 2 + 1];
    return static_cast<double>((high << 21) ^ (low >> 11)) * 0x1p-53;
  }
  double within(uint32_t i, double range) const { return (2 * uniform(i) - 1) * range; }
  int64_t below(uint32_t i, int64_t count) const {
    return static_cast<int64_t>(uniform(i) * static_cast<double>(count));
  }
  // Number i of random_normal(key, step).
  double normal(uint32_t i) const {
    const double radius = __builtin_sqrt(-2.0 * __builtin_log(1.0 - uniform(i & ~1u)));
    const double angle = 6.283185307179586 * uniform(i | 1u);
    return radius * (i % 2 ? __builtin_sin(angle) : __builtin_cos(angle));
  }
};

// Group g of the pixels' words: number 32 w + b of it is word w of block kPixelBlock + 32 g + b.
static inline void pixel_words(const Chance& c, int64_t g, uint64_t (*words)[kBlocks]) {
  random_blocks(c.key, c.step, kPixelBlock + static_cast<uint32_t>(g * kBlocks), words);
}

// out[0..n): each word, read as an integer with sign, over 2^31: uniform in [-1, 1].
template <class T>
static void fill_uniform(const Chance& c, int64_t n, T* out) {
  alignas(64) uint64_t words[4][kBlocks];
  alignas(64) T group[kGroup];
  for (int64_t at = 0; at < n; at += kGroup) {
    pixel_words(c, at / kGroup, words);
    const uint64_t* word = words[0];
#pragma omp simd
    for (int64_t i = 0; i < kGroup; ++i)
      group[i] = static_cast<T>(static_cast<int32_t>(word[i])) * T(0x1p-31);
    __builtin_memcpy(out + at, group, (n - at < kGroup ? n - at : kGroup) * sizeof(T));
  }
}

// Cosine and sine of `turns` in [0, 1) full turns: polynomials (Taylor) on an eighth around each
// quarter.
template <class T>
[[gnu::always_inline]] static inline void cos_sin(T turns, T* cosine, T* sine) {
  const int32_t quarter = static_cast<int32_t>(turns * T(4) + T(0.5));
  const T a = (turns * T(4) - static_cast<T>(quarter)) * T(1.5707963267948966);
  const T z = a * a;
  const T s = a + a * z *
                      simd::polynomial(z, T(-1.0 / 6), T(1.0 / 120), T(-1.0 / 5040),
                                       T(1.0 / 362880), T(-1.0 / 39916800), T(1.0 / 6227020800));
  const T c = T(1) + z * simd::polynomial(z, T(-0.5), T(1.0 / 24), T(-1.0 / 720), T(1.0 / 40320),
                                          T(-1.0 / 3628800), T(1.0 / 479001600));
  const bool odd = quarter & 1;
  const T first = odd ? s : c, second = odd ? c : s;
  *cosine = (quarter + 1) & 2 ? -first : first;
  *sine = quarter & 2 ? -second : second;
}

// x[0..n) gains std times standard normal numbers (Box-Muller): of the group's words a and b, a
// pair 64 apart, the numbers are r cos t and r sin t with r = sqrt(-2 log u), u = (a + 1/2) / 2^32
// and t = b / 2^32 turns.
template <class T>
static void add_normal(const Chance& c, int64_t n, T std, T* x) {
  alignas(64) uint64_t words[4][kBlocks];
  alignas(64) T group[kGroup];
  for (int64_t at = 0; at < n; at += kGroup) {
    pixel_words(c, at / kGroup, words);
    const uint64_t* word = words[0];
#pragma omp simd
    for (int64_t i = 0; i < kGroup / 2; ++i) {
      // 24 bits each, which float32 holds: neither u nor t rounds to 1.
      const T u =
          (static_cast<T>(static_cast<int32_t>((word[i] >> 8) & 0xFFFFFF)) + T(0.5)) * T(0x1p-24);
      const T t =
          static_cast<T>(static_cast<int32_t>((word[i + kGroup / 2] >> 8) & 0xFFFFFF)) * T(0x1p-24);
      const T radius = std * simd::sqrt(T(-2) * simd::log(u));
      T cosine, sine;
      cos_sin(t, &cosine, &sine);
      group[i] = radius * cosine;
      group[i + kGroup / 2] = radius * sine;
    }
    const int64_t m = n - at < kGroup ? n - at : kGroup;
#pragma omp simd
    for (int64_t i = 0; i < m; ++i) x[at + i] += group[i];
  }
}

}  // namespace fastnn::FASTNN_ISA
