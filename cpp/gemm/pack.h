// Packing: panels in the order in which the micro-kernel reads them.
//   B panel: k rows of kPanel columns, out[p * kPanel + j].
//   A tile:  k columns of R rows,      out[p * R + i].
#pragma once
#include "gemm/blocking.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {

// low, then high. (A memcpy into the halves would go through memory: packing 10 times slower.)
template <class T, int kBytes>
static inline Vector<T, 2 * kBytes> join(Vector<T, kBytes> low, Vector<T, kBytes> high) {
  if constexpr (kBytes == 2 * sizeof(T))
    return __builtin_shufflevector(low, high, 0, 1, 2, 3);
  else if constexpr (kBytes == 4 * sizeof(T))
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  else
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Lane l of the result: kBlock elements at p + l * kBlock * stride.
template <class T, int kBytes>
static inline Vector<T, kBytes> gather_lanes(const T* p, int64_t stride) {
  if constexpr (kBytes == 16)
    return get<Vector<T, 16>>(p);
  else
    return join<T, kBytes / 2>(
        gather_lanes<T, kBytes / 2>(p, stride),
        gather_lanes<T, kBytes / 2>(p + kBytes / 32 * kBlock<T> * stride, stride));
}

// The same of columns that lie anywhere: lane l has those of at(first + l * kBlock).
template <class T, int kBytes, class At>
static inline Vector<T, kBytes> gather_columns(const At& at, int first) {
  if constexpr (kBytes == 16)
    return get<Vector<T, 16>>(at(first));
  else
    return join<T, kBytes / 2>(gather_columns<T, kBytes / 2>(at, first),
                               gather_columns<T, kBytes / 2>(at, first + kBytes / 32 * kBlock<T>));
}

// One vector of columns of B, each contiguous along k (b_row == 1). A cache line of each is read at
// once, so that columns a power of two apart do not push each other out of L1.
template <class T, bool kAll>
static void pack_b_columns(int64_t k, int64_t valid, const T* b, int64_t b_col, T* out) {
  constexpr int L = kLanes<T>, B = kBlock<T>;
  // Columns past the last valid one repeat it: they only reach columns of the tile nobody stores.
  const auto column = [=](int j) { return b + (kAll || j < valid ? j : valid - 1) * b_col; };
  const auto block = [=](int64_t p) {
    Vector<T> r[B];
#pragma GCC unroll 4
    for (int i = 0; i < B; ++i) {
      if constexpr (kAll)
        r[i] = gather_lanes<T, kVectorBytes>(b + i * b_col + p, b_col);
      else
        r[i] = gather_columns<T, kVectorBytes>([=](int j) { return column(j) + p; }, i);
    }
    transpose_lanes<T, kVectorBytes>(r);
#pragma GCC unroll 4
    for (int i = 0; i < B; ++i) store(out + (p + i) * kPanel<T>, r[i]);
  };
  int64_t p = 0;
#pragma GCC unroll 4
  for (; p + B <= k; p += B) block(p);
  if (p < k && k >= B)
    block(k - B);  // some rows twice
  else
    for (; p < k; ++p)
      for (int j = 0; j < L; ++j) out[p * kPanel<T> + j] = column(j)[p];
}

// `cols` columns of B, rows contiguous (b_col == 1).
template <class T, int V>
static void pack_b_vectors(int64_t k, const T* b, int64_t b_row, T* out) {
  for (int64_t p = 0; p < k; ++p)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
      store(out + p * kPanel<T> + v * kLanes<T>, load(b + p * b_row + v * kLanes<T>));
}

// kCount whole panels side by side, kc rows apart in `out`.
template <class T, int kCount>
static void pack_b_panels(int64_t k, const T* b, int64_t b_row, T* out) {
  for (int64_t p = 0; p < k; ++p)
    for (int n = 0; n < kCount; ++n)
#pragma GCC unroll 8
      for (int v = 0; v < kBlocking.nr; ++v)
        store(out + (n * kBlocking.kc + p) * kPanel<T> + v * kLanes<T>,
              load(b + p * b_row + n * kPanel<T> + v * kLanes<T>));
}

// The last columns are read as whole vectors too: what follows a row is the next one, whose
// elements only reach columns of the tile that nobody stores. The last rows end where B ends, and
// are copied.
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
  if (b_row == 1) {
    for (int64_t j = 0; j < cols; j += kLanes<T>)
      if (j + kLanes<T> <= cols)
        pack_b_columns<T, true>(k, kLanes<T>, b + j * b_col, b_col, out + j);
      else
        pack_b_columns<T, false>(k, cols - j, b + j * b_col, b_col, out + j);
    return;
  }
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
        Vector<T, 16> r[B];
#pragma GCC unroll 4
        for (int q = 0; q < B; ++q)
          r[q] = gather_lanes<T, 16>(a + (i + q < R ? i + q : R - 1) * a_row + p, 0);
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
