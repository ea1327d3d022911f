#include "gemm/pairs.h"

#include "gemm/cut.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <int kBytes>
struct Of {
  using Bits = typename VectorOf<uint32_t, kBytes>::type;
  typedef uint16_t Halves __attribute__((vector_size(kBytes / 2)));
  static constexpr int64_t kCount = kBytes / 4;

  // The upper half of each element is the bfloat16. The rounding may carry from the mantissa into
  // the exponent, up to infinity; NaN is made quiet.
  static Bits rounded(const float* p) {
    Bits x;
    __builtin_memcpy(&x, p, kBytes);
    const Bits nearest = x + 0x7fff + (x >> 16 & 1);
    return (x & 0x7fffffff) > 0x7f800000 ? x | 0x400000 : nearest;
  }
};

// n numbers, an even number of them. The last vector overlaps the one before, or is cut into two
// halves that do.
template <int kBytes = kBlocking.vector_bytes>
void round_row(int64_t n, const float* from, char* to) {
  using O = Of<kBytes>;
  if (n >= O::kCount) {
    for (int64_t i = 0; i < n; i += O::kCount) {
      const int64_t at = least(i, n - O::kCount);
      const auto y = __builtin_convertvector(O::rounded(from + at) >> 16, typename O::Halves);
      __builtin_memcpy(to + 2 * at, &y, kBytes / 2);
    }
  } else if constexpr (O::kCount > 2) {
    round_row<kBytes / 2>(n, from, to);
  }
}

template <int kBytes = kBlocking.vector_bytes>
void join_row(int64_t n, const float* first, const float* second, float* to) {
  using O = Of<kBytes>;
  if (n >= O::kCount) {
    for (int64_t i = 0; i < n; i += O::kCount) {
      const int64_t at = least(i, n - O::kCount);
      typename O::Bits y{};
      if (first) y = O::rounded(first + at) >> 16;
      if (second) y |= O::rounded(second + at) & 0xffff0000;
      __builtin_memcpy(to + at, &y, kBytes);
    }
  } else if constexpr (O::kCount > 1) {
    join_row<kBytes / 2>(n, first, second, to);
  }
}

}  // namespace

void round_rows(int64_t count, int64_t n, const float* from, int64_t step, float* to,
                int64_t to_step) {
  for (int64_t row = 0; row < count; ++row, from += step, to += to_step) {
    round_row(n & ~1, from, reinterpret_cast<char*>(to));
    if (n & 1) join_row<4>(1, from + n - 1, nullptr, to + n / 2);
  }
}

void join_rows(int64_t count, int64_t n, const float* first, const float* second, int64_t step,
               float* to, int64_t to_step) {
  for (int64_t row = 0; row < count; ++row, to += to_step)
    join_row(n, first ? first + row * step : nullptr, second ? second + row * step : nullptr, to);
}

}  // namespace fastnn::FASTNN_ISA
