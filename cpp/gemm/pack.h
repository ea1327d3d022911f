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

template <class T, int kBytes>
using Wide = typename VectorOf<T, kBytes>::type;

// low, then high. (A memcpy into the halves would go through memory: packing 10 times slower.)
template <class T, int kBytes>
static inline Wide<T, 2 * kBytes> join(Wide<T, kBytes> low, Wide<T, kBytes> high) {
  if constexpr (kBytes == 2 * sizeof(T))
    return __builtin_shufflevector(low, high, 0, 1, 2, 3);
  else if constexpr (kBytes == 4 * sizeof(T))
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  else
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Lane l of the result: kBlock elements at p + l * kBlock * stride.
template <class T, int kBytes>
static inline Wide<T, kBytes> gather_lanes(const T* p, int64_t stride) {
  if constexpr (kBytes == 16)
    return *reinterpret_cast<const typename VectorOf<T, 16>::unaligned*>(p);
  else
    return join<T, kBytes / 2>(
        gather_lanes<T, kBytes / 2>(p, stride),
        gather_lanes<T, kBytes / 2>(p + kBytes / 32 * kBlock<T> * stride, stride));
}

// {a0, b0, a1, b1} or {a2, b2, a3, b3} of each lane, in units of kUnit elements.
template <class T, int kBytes, int kUnit, bool kHigh>
static inline Wide<T, kBytes> unpack(Wide<T, kBytes> a, Wide<T, kBytes> b) {
  using Index = typename BitsOf<T>::type;
  Wide<Index, kBytes> order;
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
static inline void transpose_lanes(Wide<T, kBytes> (&r)[kBlock<T>]) {
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
template <class T, int V>
static void pack_b_vectors(int64_t k, const T* b, int64_t b_row, T* out) {
  for (int64_t p = 0; p < k; ++p)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(out + p * kPanel<T> + v * kLanes<T>, load(b + p * b_row + v * kLanes<T>));
}

// The last columns are read as whole vectors too: what follows a row is the next one, whose elements
// only reach columns of the tile that nobody stores. The last rows end where B ends, and are copied.
template <class T>
static void pack_b_rows(int64_t k, int64_t cols, const T* b, int64_t b_row, T* out) {
  if (cols == kPanel<T>) return pack_b_vectors<T, kBlocking.nr>(k, b, b_row, out);
  const int64_t vectors = (cols + kLanes<T> - 1) / kLanes<T>, beyond = vectors * kLanes<T> - cols;
  const int64_t short_rows = b_row > 0 ? (beyond + b_row - 1) / b_row : k;
  const int64_t whole = short_rows < k ? k - short_rows : 0;
  if constexpr (kBlocking.nr > 2)
    if (vectors == 3) pack_b_vectors<T, 3>(whole, b, b_row, out);
  if (vectors == 2) pack_b_vectors<T, 2>(whole, b, b_row, out);
  if (vectors == 1) pack_b_vectors<T, 1>(whole, b, b_row, out);
  for (int64_t p = whole; p < k; ++p)
    for (int64_t j = 0; j < vectors * kLanes<T>; ++j)
      out[p * kPanel<T> + j] = j < cols ? b[p * b_row + j] : T(0);
}

// Columns past `cols`, up to whole vectors, hold any number.
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
        Wide<T, 16> r[B];
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
