// Counter-based random numbers: Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as
// 1, 2, 3, SC 2011). A number is a pure function of (seed, stream, step, index), so a dropout mask
// or a shuffle is the same whoever computes it, in any order, on any number of threads.
#pragma once
#include <cstdint>

namespace fastnn {

struct RandomKey {
  uint64_t seed = 0;
  uint32_t stream = 0;  // the layer, or another use of chance
};

struct Random4 {
  uint32_t v[4];
};

// Four independent 32-bit numbers for counter (step, block).
static inline Random4 random4(RandomKey key, uint64_t step, uint32_t block) {
  uint32_t c0 = block, c1 = key.stream, c2 = static_cast<uint32_t>(step),
           c3 = static_cast<uint32_t>(step >> 32);
  uint32_t k0 = static_cast<uint32_t>(key.seed), k1 = static_cast<uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Numbers [first, first + n) of a sequence: uniform in [0, 1) with 53 bits; standard normal
// (Box-Muller).
void random_uniform(RandomKey key, uint64_t step, int64_t first, int64_t n, double* out);
void random_normal(RandomKey key, uint64_t step, int64_t first, int64_t n, double* out);
// A permutation of 0..n-1.
void random_permutation(RandomKey key, uint64_t step, int64_t n, int64_t* out);

}  // namespace fastnn
