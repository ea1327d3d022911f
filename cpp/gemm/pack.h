// Packing: panels in the order in which the micro-kernel reads them.
//   B panel: k rows of kPanel columns, out[p * kPanel + j].
//   A tile:  k columns of R rows,      out[p * R + i].
#pragma once
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

// 16-byte blocks: 4x4 floats or 2x2 doubles are transposed inside each 16-byte lane of a vector, which
// x86 does with one-cycle unpack instructions; lane l holds rows 4l..4l+3 (2l..2l+1).
template <class T>
constexpr int kBlock = 16 / static_cast<int>(sizeof(T));

// Lane l of the result: kBlock elements at p + l * kBlock * stride.
template <class T, int kBytes>
static inline typename VectorOf<T, kBytes>::type gather_lanes(const T* p, int64_t stride) {
  typename VectorOf<T, kBytes>::type v;
  for (int l = 0; l < kBytes / 16; ++l)
    __builtin_memcpy(reinterpret_cast<char*>(&v) + 16 * l, p + l * kBlock<T> * stride, 16);
  return v;
}

// {a0, b0, a1, b1} or {a2, b2, a3, b3} of each lane, in units of kUnit elements.
template <class T, int kBytes, int kUnit, bool kHigh>
static inline typename VectorOf<T, kBytes>::type unpack(typename VectorOf<T, kBytes>::type a,
                                                        typename VectorOf<T, kBytes>::type b) {
  using Index = typename BitsOf<T>::type;
  typename VectorOf<Index, kBytes>::type order;
  constexpr int kCount = kBytes / sizeof(T);
#pragma GCC unroll 64
  for (int i = 0; i < kCount; ++i) {
    const int lane = i / kBlock<T> * kBlock<T>, in = i % kBlock<T>;
    const int unit = in / kUnit, from = unit / 2 + (kHigh ? kBlock<T> / kUnit / 2 : 0);
    order[i] = lane + from * kUnit + in % kUnit + (unit % 2 ? kCount : 0);
  }
  return __builtin_shuffle(a, b, order);
}

// rows r[0..kBlock) of each lane become columns.
template <class T, int kBytes>
static inline void transpose_lanes(typename VectorOf<T, kBytes>::type (&r)[kBlock<T>]) {
  if constexpr (kBlock<T> == 4) {
    const auto ab_low = unpack<T, kBytes, 1, false>(r[0], r[1]);
    const auto ab_high = unpack<T, kBytes, 1, true>(r[0], r[1]);
    const auto cd_low = unpack<T, kBytes, 1, false>(r[2], r[3]);
    const auto cd_high = unpack<T, kBytes, 1, true>(r[2], r[3]);
    r[0] = unpack<T, kBytes, 2, false>(ab_low, cd_low);
    r[1] = unpack<T, kBytes, 2, true>(ab_low, cd_low);
    r[2] = unpack<T, kBytes, 2, false>(ab_high, cd_high);
    r[3] = unpack<T, kBytes, 2, true>(ab_high, cd_high);
  } else {
    const auto low = unpack<T, kBytes, 1, false>(r[0], r[1]);
    r[1] = unpack<T, kBytes, 1, true>(r[0], r[1]);
    r[0] = low;
  }
}

// `cols` columns of B, each contiguous along k (b_row == 1); a cache line of each is read at once, so
// that columns a power of two apart do not push each other out of L1.
template <class T>
static void pack_b_columns(int64_t k, int64_t cols, const T* b, int64_t b_col, T* out) {
  constexpr int L = kLanes<T>, B = kBlock<T>, kLine = 64 / sizeof(T);
  for (int v = 0; v < kBlocking.nr; ++v) {
    int64_t p0 = 0;
    if ((v + 1) * L <= cols)
      for (; p0 + kLine <= k; p0 += kLine)
#pragma GCC unroll 4
        for (int64_t p = p0; p < p0 + kLine; p += B) {
          Vector<T> r[B];
#pragma GCC unroll 4
          for (int i = 0; i < B; ++i)
            r[i] = gather_lanes<T, kBlocking.vector_bytes>(b + (v * L + i) * b_col + p, b_col);
          transpose_lanes<T, kBlocking.vector_bytes>(r);
#pragma GCC unroll 4
          for (int i = 0; i < B; ++i) store(out + (p + i) * kPanel<T> + v * L, r[i]);
        }
    const int64_t valid = cols - v * L < L ? cols - v * L : L;
    for (int64_t p = p0; p < k; ++p)
      for (int j = 0; j < L; ++j) out[p * kPanel<T> + v * L + j] = j < valid ? b[(v * L + j) * b_col + p] : T(0);
  }
}

// `cols` columns of B, rows contiguous (b_col == 1).
template <class T>
static void pack_b_rows(int64_t k, int64_t cols, const T* b, int64_t b_row, T* out) {
  constexpr int L = kLanes<T>;
  if (cols == kPanel<T>) {
    for (int64_t p = 0; p < k; ++p)
#pragma GCC unroll 64
      for (int v = 0; v < kBlocking.nr; ++v)
        store(out + p * kPanel<T> + v * L, load(b + p * b_row + v * L));
    return;
  }
  const int64_t whole = cols / L, rest = cols % L;
  for (int64_t p = 0; p < k; ++p) {
    const T* from = b + p * b_row;
    T* to = out + p * kPanel<T>;
    int64_t v = 0;
    for (; v < whole; ++v) store(to + v * L, load(from + v * L));
    for (int64_t w = v; w < kBlocking.nr; ++w) store(to + w * L, Vector<T>{});
    for (int64_t j = 0; j < rest; ++j) to[v * L + j] = from[v * L + j];
  }
}

// Columns past `cols` are filled with zeros.
template <class T>
static void pack_b(int64_t k, int64_t cols, const T* b, int64_t b_row, int64_t b_col, T* out) {
  if (b_col == 1) return pack_b_rows(k, cols, b, b_row, out);
  if (b_row == 1) return pack_b_columns(k, cols, b, b_col, out);
  for (int64_t p = 0; p < k; ++p)
    for (int64_t j = 0; j < kPanel<T>; ++j)
      out[p * kPanel<T> + j] = j < cols ? b[p * b_row + j * b_col] : T(0);
}

// R rows of A.
template <class T, int R>
static void pack_a(int64_t k, const T* a, int64_t a_row, int64_t a_col, T* out) {
  if (a_row == 1) {
    for (int64_t p = 0; p < k; ++p) __builtin_memcpy(out + p * R, a + p * a_col, R * sizeof(T));
    return;
  }
  int64_t p = 0;
  if (a_col == 1) {
    constexpr int B = kBlock<T>;
    for (; p + B <= k; p += B)
#pragma GCC unroll 16
      for (int i = 0; i < R; i += B) {
        typename VectorOf<T, 16>::type r[B];
#pragma GCC unroll 4
        for (int q = 0; q < B; ++q)
          __builtin_memcpy(&r[q], a + (i + q < R ? i + q : R - 1) * a_row + p, 16);
        transpose_lanes<T, 16>(r);
        const int64_t bytes = (R - i < B ? R - i : B) * sizeof(T);
#pragma GCC unroll 4
        for (int q = 0; q < B; ++q) __builtin_memcpy(out + (p + q) * R + i, &r[q], bytes);
      }
  }
  for (; p < k; ++p)
#pragma GCC unroll 64
    for (int i = 0; i < R; ++i) out[p * R + i] = a[i * a_row + p * a_col];
}

template <class T>
struct PackA {
  void (*at[kBlocking.mr + 1])(int64_t, const T*, int64_t, int64_t, T*) = {};
  template <int R>
  constexpr void add() {
    at[R] = pack_a<T, R>;
    if constexpr (R > 1) add<R - 1>();
  }
  constexpr PackA() { add<kBlocking.mr>(); }
};
template <class T>
static constexpr PackA<T> kPackA{};

}  // namespace fastnn::FASTNN_ISA
