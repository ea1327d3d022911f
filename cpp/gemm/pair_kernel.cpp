// Tiles whose elements are pairs of bfloat16. With AVX512-BF16 they are those of micro_kernel.cpp
// with another multiplication. Without it there is an emulation: the same sums in the same order,
// so by Intel's manual the same bits (but for subnormal numbers, which it takes as zeros).
#include "gemm/pairs.h"
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace fastnn::FASTNN_ISA {
namespace {

using V = Vector<float>;
using Bits = Vector<uint32_t>;

// One pair in all lanes.
inline Bits all(const float* a) {
  uint32_t pair;
  __builtin_memcpy(&pair, a, 4);
  return Bits{} + pair;
}
inline V low(V pairs) { return reinterpret_cast<V>(reinterpret_cast<Bits>(pairs) << 16); }
inline V high(V pairs) { return reinterpret_cast<V>(reinterpret_cast<Bits>(pairs) & 0xffff0000); }

// --- emulation: R at run time, sums in memory; small, and half as fast as float32 ---

template <int kV>
[[gnu::noinline, gnu::noclone]] void emulate(const TileArgs<float>& t, int rows) {
  constexpr int L = kLanes<float>, kWidth = kV * L, kMost = tall_mr<float>(kV, true);
  for (int64_t n = 0; n < t.count; ++n) {
    float* const c = t.c + n * t.c_step;
    V sums[kMost][kV] = {};
    for (int64_t s = 0; s < t.n_stretches; ++s) {
      const Stretch<float>& at = t.stretches[s];
      const float* a = t.a + n * t.a_step + at.a;
      const float* b = at.b + n * t.b_step;
      for (int64_t p = 0; p < at.k; ++p, a += t.a_col, b += at.b_row) {
        V b_low[kV], b_high[kV];
#pragma GCC unroll 8
        for (int v = 0; v < kV; ++v)
          b_low[v] = low(load(b + v * L)), b_high[v] = high(load(b + v * L));
#pragma GCC unroll 1
        for (int i = 0; i < rows; ++i) {
          const V pair = reinterpret_cast<V>(all(a + i * t.a_row)), a_low = low(pair),
                  a_high = high(pair);
#pragma GCC unroll 8
          for (int v = 0; v < kV; ++v) {
            V sum = sums[i][v];
            sum += a_high * b_high[v];
            sum += a_low * b_low[v];
            sums[i][v] = sum;
          }
        }
      }
    }
    alignas(64) float out[kMost * kWidth];
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < kV; ++v) {
        if (t.bf16) {
          const V bias = t.bias ? load(t.bias + v * L) : V{};
          put_rounded_bits(reinterpret_cast<Bf16*>(c + i * t.ldc) + v * L, V(sums[i][v] + bias));
          continue;
        }
        float* const to = t.plain ? c + i * t.ldc + v * L : out + i * kWidth + v * L;
        store(to, t.plain && t.add ? load(to) + sums[i][v] : sums[i][v]);
      }
    if (!t.plain) finish_pairs(t, n, c, out, rows, kWidth);
  }
}

template <int R, int kV>
struct Emulated {
  static void tile(const TileArgs<float>& t) { emulate<kV>(t, R); }
};

// Tiles of up to mr rows by nr vectors, and the tall ones.
template <template <int, int> class Multiply>
struct Kernels : TileKernels<float> {
  template <int R, int kV>
  constexpr void add() {
    at[R][kV] = Multiply<R, kV>::tile;
    if constexpr (kV > 1)
      add<R, kV - 1>();
    else if constexpr (R > 1)
      add<R - 1, kBlocking.nr>();
  }
  template <int R>
  constexpr void add_tall() {
    at[R][1] = Multiply<R, 1>::tile;
    if constexpr (R > kBlocking.mr + 1) add_tall<R - 1>();
  }
  constexpr Kernels() : TileKernels<float>{} {
    add<kBlocking.mr, kBlocking.nr>();
    add_tall<tall_mr<float>(1, true)>();
  }
};
constexpr Kernels<Emulated> kEmulated{};

// --- the instruction; in a build that emulates AVX-512, its tiles by other means, to be tested ---

#if defined(__AVX512BF16__) || defined(FASTNN_EMULATE_AVX512)
[[gnu::always_inline]] inline V products(V sum, const float* a, V b) {
#if defined(__AVX512BF16__)
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(all(a)), reinterpret_cast<__m512bh>(b));
#else
  const V pair = reinterpret_cast<V>(all(a));
  sum += high(pair) * high(b);
  sum += low(pair) * low(b);
  return sum;
#endif
}

// The loops over k are not unrolled: 28 multiplications hide the counting, and half the code does.
template <int R, int kV>
void multiply(const TileArgs<float>& t) {
  constexpr int L = kLanes<float>, kWidth = kV * L;
  const int64_t a_row = t.a_row, a_col = t.a_col, ldc = t.ldc;
  for (int64_t n = 0; n < t.count; ++n) {
    float* const c = t.c + n * t.c_step;
    if (t.k > 32)
#pragma GCC unroll 1
      for (int i = 0; i < R; ++i) __builtin_prefetch(c + i * ldc, 1);
    V sums[R][kV];
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
      for (int v = 0; v < kV; ++v) sums[i][v] = V{};
    for (int64_t s = 0; s < t.n_stretches; ++s) {
      const Stretch<float>& at = t.stretches[s];
      const float* a = t.a + n * t.a_step + at.a;
      const float* b = at.b + n * t.b_step;
      const int64_t rows = at.k, b_row = at.b_row;
#pragma GCC unroll 1
      for (int64_t p = 0; p < rows; ++p) {
        V bv[kV];
#pragma GCC unroll 64
        for (int v = 0; v < kV; ++v) bv[v] = load(b + v * L);
#pragma GCC unroll 64
        for (int i = 0; i < R; ++i)
#pragma GCC unroll 64
          for (int v = 0; v < kV; ++v) sums[i][v] = products(sums[i][v], a + i * a_row, bv[v]);
        a += a_col;
        b += b_row;
      }
    }
    if (t.bf16) {
      float* to = c;
#pragma GCC unroll 64
      for (int i = 0; i < R; ++i, to += ldc)
#pragma GCC unroll 64
        for (int v = 0; v < kV; ++v)
          put_rounded(Precision::kBf16, reinterpret_cast<Bf16*>(to) + v * L,
                      t.bias ? sums[i][v] + load(t.bias + v * L) : sums[i][v]);
      continue;
    }
    alignas(64) float out[R * kWidth];
    float* to = t.plain ? c : out;
    const int64_t to_row = t.plain ? ldc : kWidth;
    const bool add = t.plain && t.add;
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i, to += to_row)
#pragma GCC unroll 64
      for (int v = 0; v < kV; ++v)
        store(to + v * L, add ? load(to + v * L) + sums[i][v] : sums[i][v]);
    if (!t.plain) finish_pairs(t, n, c, out, R, kWidth);
  }
}

template <int R, int kV>
struct Instructed {
  static void tile(const TileArgs<float>& t) { multiply<R, kV>(t); }
};
constexpr Kernels<Instructed> kInstructed{};
#endif

}  // namespace

#if defined(__AVX512BF16__) || defined(FASTNN_EMULATE_AVX512)
bool has_pair_tiles() { return true; }
const TileKernels<float>& pair_kernels(Precision precision) {
  if (precision == Precision::kBf16) return kInstructed;
  return kEmulated;
}
#else
bool has_pair_tiles() { return false; }
const TileKernels<float>& pair_kernels(Precision) { return kEmulated; }
#endif

}  // namespace fastnn::FASTNN_ISA
