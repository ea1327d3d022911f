// NumPy's broadcasting: aligned at the last axis, an axis of length 1 (or none) is repeated.
// Axes are merged where all operands allow it, so that most cases become one or two long loops.
#pragma once
#include "ops/op.h"
#include "ops/store.h"

namespace fastnn::FASTNN_ISA {

constexpr int kMaxOperands = 4;
constexpr int64_t kBroadcastGrain = 16384;  // elements per task
constexpr int64_t kRun = 512;               // elements of a repeated value spelled out at a time
constexpr int64_t kTile = 128;              // longest row that is tiled

// The output's index space, and where each operand lies in it. strides count elements, 0 where an
// operand is repeated; the last one is 0 or 1, since operands are contiguous.
struct Broadcast {
  int rank = 0;
  int64_t count = 1;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxOperands][kMaxRank] = {};
};

// Length of `axis` of a shape of `rank` axes when `s` is aligned at its right end.
static inline int64_t aligned_dim(const Shape& s, int rank, int axis) {
  const int own = axis - (rank - s.rank);
  return own < 0 ? 1 : s[own];
}

static inline Broadcast broadcast_of(const Shape& out, const Shape* const* operands,
                                     int n_operands) {
  Broadcast b;
  int64_t natural[kMaxOperands] = {1, 1, 1, 1};
  int64_t reversed[kMaxOperands + 1][kMaxRank] = {};  // innermost first; the last row holds dims
  for (int axis = out.rank - 1; axis >= 0; --axis) {
    const int64_t dim = out[axis];
    b.count *= dim;
    if (dim == 1) continue;
    int64_t stride[kMaxOperands] = {};
    bool merges = b.rank > 0;
    for (int o = 0; o < n_operands; ++o) {
      const int64_t own = aligned_dim(*operands[o], out.rank, axis);
      stride[o] = own == 1 ? 0 : natural[o];
      natural[o] *= own;
      if (b.rank > 0)
        merges =
            merges && stride[o] == reversed[o][b.rank - 1] * reversed[kMaxOperands][b.rank - 1];
    }
    if (merges) {
      reversed[kMaxOperands][b.rank - 1] *= dim;
      continue;
    }
    for (int o = 0; o < n_operands; ++o) reversed[o][b.rank] = stride[o];
    reversed[kMaxOperands][b.rank++] = dim;
  }
  if (b.rank == 0) reversed[kMaxOperands][b.rank++] = b.count;
  for (int i = 0; i < b.rank; ++i) {
    b.dims[i] = reversed[kMaxOperands][b.rank - 1 - i];
    for (int o = 0; o < n_operands; ++o) b.strides[o][i] = reversed[o][b.rank - 1 - i];
  }
  return b;
}

// f(at, n, offsets) for stretches [at, at + n) of [begin, end) that stay inside one innermost row.
template <class F>
static void for_runs(const Broadcast& b, int64_t begin, int64_t end, const F& f) {
  const int last = b.rank - 1;
  int64_t index[kMaxRank] = {}, offsets[kMaxOperands] = {};
  int64_t rest = begin;
  for (int i = last; i >= 0; --i) {
    index[i] = rest % b.dims[i];
    rest /= b.dims[i];
    for (int o = 0; o < kMaxOperands; ++o) offsets[o] += index[i] * b.strides[o][i];
  }
  for (int64_t at = begin; at < end;) {
    const int64_t room = b.dims[last] - index[last];
    const int64_t n = room < end - at ? room : end - at;
    f(at, n, static_cast<const int64_t*>(offsets));
    at += n;
    index[last] += n;
    for (int o = 0; o < kMaxOperands; ++o) offsets[o] += n * b.strides[o][last];
    for (int i = last; i > 0 && index[i] == b.dims[i]; --i) {
      index[i] = 0;
      ++index[i - 1];
      for (int o = 0; o < kMaxOperands; ++o)
        offsets[o] += b.strides[o][i - 1] - b.dims[i] * b.strides[o][i];
    }
  }
}

// n <= kRun values of an operand: where they lie, or one value spelled out in `buffer`.
template <class T>
static inline const T* spell_out(const T* p, int64_t stride, int64_t n, T* buffer) {
  if (stride) return p;
  const T v = *p;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) buffer[i] = v;
  return buffer;
}

// All operands go through whole rows (and short ones), or repeat one: then a few copies of that row
// side by side turn rows into long stretches.
static inline bool is_tiled(const Broadcast& b, int n_operands) {
  bool tiled = b.rank == 2 && b.dims[1] <= kTile;
  for (int o = 0; o < n_operands; ++o) tiled = tiled && b.strides[o][1] == 1;
  return tiled;
}

// kRun + kTile values of the row p, repeated.
template <class T>
static inline void fill_tile(const T* p, int64_t n, T* tile) {
  for (int64_t i = 0; i < kRun + kTile; i += n) {
    const int64_t m = kRun + kTile - i < n ? kRun + kTile - i : n;
#pragma omp simd
    for (int64_t j = 0; j < m; ++j) tile[i + j] = p[j];
  }
}

// The shape of operands broadcast together; an unknown batch goes with itself and with 1.
static inline void broadcast_into(Shape& out, const Shape& s, const char* where,
                                  const char* names) {
  const Shape before = out;
  const int rank = before.rank > s.rank ? before.rank : s.rank;
  out.rank = rank;
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t a = aligned_dim(before, rank, axis), b = aligned_dim(s, rank, axis);
    if (a != b && a != 1 && b != 1)
      fail(where,
           "%s must have shapes that broadcast (equal axes, or 1, from the right), got %s and %s",
           names, text_of(before).text, text_of(s).text);
    out.dims[axis] = a == 1 ? b : a;
  }
}

}  // namespace fastnn::FASTNN_ISA
