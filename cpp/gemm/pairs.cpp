#include "gemm/pairs.h"

#include "gemm/cut.h"
#include "gemm/rounding.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <int kBytes>
struct Some {
  using Bits = Vector<uint32_t, kBytes>;
  typedef uint16_t Halves __attribute__((vector_size(kBytes / 2)));
  static constexpr int64_t kCount = kBytes / 4;

  // In the low half of each element.
  static Bits rounded(const float* p) {
    Bits x;
    __builtin_memcpy(&x, p, kBytes);
    return rounded_bits(x);
  }
  static Bits rounded(const Bf16* p) {
    Halves x;
    __builtin_memcpy(&x, p, sizeof x);
    return __builtin_convertvector(x, Bits);
  }
  template <bool kInstruction>
  static void round(const Bf16* p, char* to) {
    __builtin_memcpy(to, p, kBytes / 2);
  }
  template <bool kInstruction>
  static void round(const float* p, char* to) {
    if constexpr (kInstruction && kRounds && kBytes == 64)
      return put_rounded(Precision::kBf16, reinterpret_cast<Bf16*>(to), load(p));
    const Halves y = __builtin_convertvector(rounded(p), Halves);
    __builtin_memcpy(to, &y, sizeof y);
  }
  template <bool kInstruction, class F>
  static void join(const F* first, const F* second, float* to) {
    if constexpr (kInstruction && kRounds && kBytes == 64 && sizeof(F) == 4) {
      const Vector<float> zero{};
      return store(to, joined(first ? load(first) : zero, second ? load(second) : zero));
    }
    Bits y{};
    if (first) y = rounded(first);
    if (second) y |= rounded(second) << 16;
    __builtin_memcpy(to, &y, kBytes);
  }
};

// n numbers, an even number of them. The last vector overlaps the one before, or is cut into two
// halves that do.
template <bool kInstruction, int kBytes = kVectorBytes, class F>
void round_row(int64_t n, const F* from, char* to) {
  using S = Some<kBytes>;
  if (n >= S::kCount) {
    for (int64_t i = 0; i < n; i += S::kCount) {
      const int64_t at = least(i, n - S::kCount);
      S::template round<kInstruction>(from + at, to + 2 * at);
    }
  } else if constexpr (S::kCount > 2) {
    round_row<false, kBytes / 2>(n, from, to);
  }
}

template <bool kInstruction, int kBytes = kVectorBytes, class F>
void join_row(int64_t n, const F* first, const F* second, float* to) {
  using S = Some<kBytes>;
  if (n >= S::kCount) {
    for (int64_t i = 0; i < n; i += S::kCount) {
      const int64_t at = least(i, n - S::kCount);
      S::template join<kInstruction, F>(first ? first + at : nullptr,
                                        second ? second + at : nullptr, to + at);
    }
  } else if constexpr (S::kCount > 1) {
    join_row<false, kBytes / 2>(n, first, second, to);
  }
}

}  // namespace

template <class F>
void round_rows(Precision precision, int64_t count, int64_t n, const F* from, int64_t step,
                float* to, int64_t to_step) {
  const bool by_instruction = kRounds && precision == Precision::kBf16;
  for (int64_t row = 0; row < count; ++row, from += step, to += to_step) {
    char* const at = reinterpret_cast<char*>(to);
    by_instruction ? round_row<true>(n & ~1, from, at) : round_row<false>(n & ~1, from, at);
    if (n & 1) join_row<false, 4, F>(1, from + n - 1, nullptr, to + n / 2);
  }
}

template <class F>
void join_rows(Precision precision, int64_t count, int64_t n, const F* first, const F* second,
               int64_t step, float* to, int64_t to_step) {
  const bool by_instruction = kRounds && precision == Precision::kBf16;
  for (int64_t row = 0; row < count; ++row, to += to_step) {
    const F* const a = first ? first + row * step : nullptr;
    const F* const b = second ? second + row * step : nullptr;
    by_instruction ? join_row<true>(n, a, b, to) : join_row<false>(n, a, b, to);
  }
}

template <class F>
void join_neighbours(Precision precision, int64_t count, int64_t left, int64_t n, const F* from,
                     int64_t step, float* to, int64_t to_step) {
  const int64_t whole = least(count, left / 2);
  join_rows(precision, whole, n, from, from + step, 2 * step, to, to_step);
  if (whole < count)
    join_rows<F>(precision, 1, n, from + 2 * whole * step, nullptr, 0, to + whole * to_step, 0);
}

#define FASTNN_PAIRS_OF(F)                                                                      \
  template void round_rows<F>(Precision, int64_t, int64_t, const F*, int64_t, float*, int64_t); \
  template void join_rows<F>(Precision, int64_t, int64_t, const F*, const F*, int64_t, float*,  \
                             int64_t);                                                          \
  template void join_neighbours<F>(Precision, int64_t, int64_t, int64_t, const F*, int64_t,     \
                                   float*, int64_t);
FASTNN_PAIRS_OF(float)
FASTNN_PAIRS_OF(Bf16)
#undef FASTNN_PAIRS_OF

}  // namespace fastnn::FASTNN_ISA
