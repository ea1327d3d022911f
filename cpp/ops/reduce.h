// Reductions over any set of axes: out[k] = finish(terms of k), in an order that the shapes alone
// fix. Terms come from `source.segment(at, n, buffer)`: n <= Source::kSegment values that start at
// the flat index `at` of the full index space, where they lie or computed into `buffer`. The
// reducer R says how: Acc (what partial results are), zero(), row() (one contiguous stretch),
// rows() (several rows into a row of results), join(), and with kFolds pair() (two terms into one).
#pragma once
#include "ops/lanes.h"
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kReduceGrain = 16384;  // terms per task
constexpr int64_t kColumns = 512;        // columns per task where the last axis is kept
constexpr int64_t kRows = 8;             // rows added at a time there
constexpr int64_t kNarrow = 64;          // rows up to here are folded
constexpr int64_t kFold = 1024;          // terms folded at a time
constexpr int64_t kShort = 48;           // rows up to here are turned
constexpr int64_t kTurned = 16;          // rows turned at a time
constexpr int64_t kParts = 16;           // tasks that a reduction to few results is cut into

// The full index space: axes in order, neighbours of one kind merged, axes of length 1 left out.
struct Reduction {
  int rank = 0;
  int64_t dims[kMaxRank + 1] = {};
  int64_t strides[kMaxRank + 1] = {};
  bool kept[kMaxRank + 1] = {};
  int reduced_axes = 0;
  int64_t outputs = 1, terms = 1;  // results, and terms of each
};

// kept[i]: axis i of `full` stays.
static inline Reduction reduction_of(const Shape& full, const bool* kept) {
  Reduction r;
  for (int i = 0; i < full.rank; ++i) {
    const int64_t dim = full[i] == kBatch ? 1 : full[i];
    (kept[i] ? r.outputs : r.terms) *= dim;
    if (dim == 1) continue;
    if (r.rank > 0 && r.kept[r.rank - 1] == kept[i]) {
      r.dims[r.rank - 1] *= dim;
    } else {
      r.reduced_axes += !kept[i];
      r.kept[r.rank] = kept[i];
      r.dims[r.rank++] = dim;
    }
  }
  if (r.rank == 0) {
    r.dims[0] = 1;
    r.rank = 1;
  }
  int64_t stride = 1;
  for (int i = r.rank - 1; i >= 0; --i) {
    r.strides[i] = stride;
    stride *= r.dims[i];
  }
  return r;
}

// How a reduction is cut. Last axis reduced: `pieces` stretches of `piece` terms for each of
// `outputs`. Last axis kept: `pieces` rows for each block of columns.
struct Cut {
  bool by_columns;
  int64_t inner, outer_kept, outer_reduced;
  int64_t piece, pieces_per_row, pieces, blocks, units, parts;
};

template <class Source>
static Cut cut_of(const Reduction& r) {
  Cut c;
  c.by_columns = r.kept[r.rank - 1];
  c.inner = r.dims[r.rank - 1];
  const int64_t width = Source::kSegment < kColumns ? Source::kSegment : kColumns;
  c.outer_kept = c.inner ? (c.by_columns ? r.outputs / c.inner : r.outputs) : 0;
  c.outer_reduced = c.inner ? (c.by_columns ? r.terms : r.terms / c.inner) : 0;
  c.piece = c.by_columns ? width : Source::kSegment;
  c.blocks = c.by_columns ? (c.inner + width - 1) / width : 1;
  c.pieces_per_row = c.by_columns ? 1 : (c.inner + c.piece - 1) / c.piece;
  c.pieces = c.outer_reduced * c.pieces_per_row;
  c.units = c.outer_kept * c.blocks;
  c.parts = 1;
  const int64_t least = c.by_columns ? 4 * kRows : 1;  // pieces worth a part
  if (c.units > 0 && c.units < kParts && r.outputs * r.terms >= 2 * kReduceGrain) {
    const int64_t wanted = (kParts + c.units - 1) / c.units;
    const int64_t most = (c.pieces + least - 1) / least;
    c.parts = wanted < most ? wanted : most;
  }
  return c;
}

// Flat position of the index-th combination of the outer axes of one kind (all but the last axis).
static inline int64_t outer_position(const Reduction& r, bool kept, int64_t index) {
  int64_t at = 0;
  for (int i = r.rank - 2; i >= 0 && index; --i) {
    if (r.kept[i] != kept) continue;
    at += index % r.dims[i] * r.strides[i];
    index /= r.dims[i];
  }
  return at;
}

template <class R, class Source>
static int64_t reduce_scratch(const Reduction& r) {
  const Cut c = cut_of<Source>(r);
  return c.parts > 1 ? c.parts * r.outputs * static_cast<int64_t>(sizeof(typename R::Acc)) : 0;
}

// Pieces [from, to) of result k, whose terms begin at `base`.
template <class R, class T, class Source>
static typename R::Acc reduce_pieces(const Reduction& r, const Cut& c, const Source& source,
                                     int64_t base, int64_t from, int64_t to) {
  alignas(64) T buffer[Source::kComputed ? Source::kSegment : 1];
  typename R::Acc acc = R::zero();
  for (int64_t p = from; p < to; ++p) {
    const int64_t begin = p % c.pieces_per_row * c.piece;
    const int64_t n = c.inner - begin < c.piece ? c.inner - begin : c.piece;
    const int64_t at = base + outer_position(r, false, p / c.pieces_per_row) + begin;
    acc = R::join(acc, R::row(source.segment(at, n, buffer), n));
  }
  return acc;
}

// `rows` rows (a power of 2, at least 2) of n values, halved until one is left: short rows alone
// would not fill the vectors.
template <class R, class T>
static void fold_rows(const T* p, int64_t rows, int64_t n, typename R::Acc* acc) {
  alignas(64) T folded[kFold / 2];
  T* const f = folded;
  int64_t half = rows / 2 * n;
#pragma omp simd
  for (int64_t i = 0; i < half; ++i) f[i] = R::pair(p[i], p[i + half]);
  while (half > n) {
    half /= 2;
#pragma omp simd
    for (int64_t i = 0; i < half; ++i) f[i] = R::pair(f[i], f[i + half]);
  }
  const T* row = f;
  R::rows(acc, &row, 1, n);
}

// Rows [from, to) of n columns that begin at `base`, into acc[0..n).
template <class R, class T, class Source>
static void reduce_columns(const Reduction& r, const Source& source, int64_t base, int64_t n,
                           int64_t from, int64_t to, typename R::Acc* acc) {
  alignas(64) T buffer[kRows][Source::kComputed ? Source::kSegment : 1];
  for (int64_t j = 0; j < n; ++j) acc[j] = R::zero();
  // Whole rows that follow one another in memory are taken as one stretch.
  const bool whole = n == r.dims[r.rank - 1] && r.reduced_axes == 1;
  if constexpr (R::kFolds) {
    const int64_t stretch = Source::kSegment < kFold ? Source::kSegment : kFold;
    int64_t fold = 1;
    while (fold * 2 * n <= stretch) fold *= 2;
    if (whole && n <= kNarrow)
      for (; from + fold <= to; from += fold)
        fold_rows<R>(source.segment(base + from * n, fold * n, buffer[0]), fold, n, acc);
  }
  for (int64_t q = from; q < to; q += kRows) {
    const int64_t m = to - q < kRows ? to - q : kRows;
    const T* rows[kRows];
    if (whole && m * n <= Source::kSegment) {
      const T* p = source.segment(base + q * n, m * n, buffer[0]);
      for (int64_t i = 0; i < m; ++i) rows[i] = p + i * n;
    } else {
      for (int64_t i = 0; i < m; ++i)
        rows[i] = source.segment(base + outer_position(r, false, q + i), n, buffer[i]);
    }
    R::rows(acc, rows, m, n);
  }
}

// Results [from, to) of rows of n <= kShort terms each: blocks of rows are turned, so that vectors
// run across rows (rows of 10: 0.3 ns a term instead of 3, AMD EPYC, GCC 12).
template <class R, class T, class Source, class Finish>
static void reduce_short_rows(const Source& source, int64_t n, int64_t from, int64_t to,
                              const Finish& finish) {
  alignas(64) T buffer[Source::kComputed ? Source::kSegment : 1];
  alignas(64) T turned[kShort * kTurned];
  const int64_t fit = Source::kSegment / n < kTurned ? Source::kSegment / n : kTurned;
  for (int64_t first = from; first < to; first += fit) {
    const int64_t m = to - first < fit ? to - first : fit;
    const T* p = source.segment(first * n, m * n, buffer);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) turned[j * kTurned + i] = p[i * n + j];
    typename R::Acc acc[kTurned];
    for (int64_t i = 0; i < m; ++i) acc[i] = R::zero();
    for (int64_t j = 0; j < n; j += kRows) {
      const T* rows[kRows];
      for (int64_t i = 0; i < kRows && j + i < n; ++i) rows[i] = turned + (j + i) * kTurned;
      R::rows(acc, rows, n - j < kRows ? n - j : kRows, m);
    }
    for (int64_t i = 0; i < m; ++i) finish(first + i, acc[i]);
  }
}

// `cost` in ns is of the whole; finish(k, acc) stores result k. T is the type of the terms.
template <class R, class T, class Source, class Finish>
static void reduce(const Reduction& r, const Source& source, void* scratch, double cost,
                   const Finish& finish) {
  using Acc = typename R::Acc;
  const Cut c = cut_of<Source>(r);
  if (c.units == 0) {
    for (int64_t k = 0; k < r.outputs; ++k) finish(k, R::zero());  // sums of nothing
    return;
  }
  if (!c.by_columns && r.rank <= 2 && c.parts == 1 && c.pieces == 1) {
    parallel_chunks(c.units, kReduceGrain / (c.inner + 1) + 1, cost,
                    [&](int64_t begin, int64_t end) {
                      if (c.inner <= kShort)
                        return reduce_short_rows<R, T>(source, c.inner, begin, end, finish);
                      alignas(64) T buffer[Source::kComputed ? Source::kSegment : 1];
                      for (int64_t k = begin; k < end; ++k)
                        finish(k, R::row(source.segment(k * c.inner, c.inner, buffer), c.inner));
                    });
    return;
  }
  const int64_t grain = kReduceGrain / (c.pieces * c.piece + 1) + 1;
  Acc* partial = static_cast<Acc*>(scratch);  // (parts, outputs)
  const int64_t units = c.units, parts = c.parts;
  parallel_chunks(units * parts, parts > 1 ? 1 : grain, cost, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t part = task / units, unit = task % units;
      const int64_t from = part * c.pieces / parts, to = (part + 1) * c.pieces / parts;
      if (!c.by_columns) {
        const int64_t first = r.rank <= 2 ? unit * c.inner : outer_position(r, true, unit);
        const Acc acc = reduce_pieces<R, T>(r, c, source, first, from, to);
        if (parts > 1)
          partial[part * r.outputs + unit] = acc;
        else
          finish(unit, acc);
        continue;
      }
      const int64_t column = unit % c.blocks * c.piece, first = unit / c.blocks * c.inner + column;
      const int64_t n = c.inner - column < c.piece ? c.inner - column : c.piece;
      const int64_t base = outer_position(r, true, unit / c.blocks) + column;
      alignas(64) Acc block[kColumns];
      Acc* acc = parts > 1 ? partial + part * r.outputs + first : block;
      reduce_columns<R, T>(r, source, base, n, from, to, acc);
      if (parts == 1)
        for (int64_t j = 0; j < n; ++j) finish(first + j, acc[j]);
    }
  });
  if (parts > 1)
    for (int64_t k = 0; k < r.outputs; ++k) {
      Acc acc = partial[k];
      for (int64_t p = 1; p < parts; ++p) acc = R::join(acc, partial[p * r.outputs + k]);
      finish(k, acc);
    }
}

// Terms that lie in memory.
template <class T>
struct Stored {
  static constexpr int64_t kSegment = 8192;
  static constexpr bool kComputed = false;
  const T* data;
  const T* segment(int64_t at, int64_t, T*) const { return data + at; }
};

// Terms value(i) of the flat index i.
template <class F>
struct Computed {
  static constexpr int64_t kSegment = 512;
  static constexpr bool kComputed = true;
  F value;
  template <class T>
  const T* segment(int64_t at, int64_t n, T* buffer) const {
    const F f = value;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) buffer[i] = f(at + i);
    return buffer;
  }
};

// Sums: at most 1024 terms at a time in vectors of T (32 of them per float lane with AVX2), the
// rest in double.
template <class T>
struct Sum {
  using Acc = double;
  static constexpr bool kFolds = true;
  static Acc zero() { return 0; }
  static Acc join(Acc a, Acc b) { return a + b; }
  static inline T pair(T a, T b) { return a + b; }

  static double block(const T* p, int64_t n) {
    constexpr int64_t kLanes = Vector<T>::kLanes;
    typename Vector<T>::type a{}, b{}, c{}, d{};
    int64_t i = 0;
    for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
      a += load(p + i);
      b += load(p + i + kLanes);
      c += load(p + i + 2 * kLanes);
      d += load(p + i + 3 * kLanes);
    }
    a = (a + b) + (c + d);
#pragma GCC unroll 4
    for (int by = kLanes / 2; by > 0; by /= 2) a += rotate<T>(a, by);
    double sum = static_cast<double>(a[0]);
    for (; i < n; ++i) sum += static_cast<double>(p[i]);
    return sum;
  }

  static Acc row(const T* p, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += 1024) sum += block(p + i, n - i < 1024 ? n - i : 1024);
    return sum;
  }

  static void rows(Acc* acc, const T* const* rows, int64_t m, int64_t n) {
    if (m == kRows) {
      const T *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
      const T *e = rows[4], *f = rows[5], *g = rows[6], *h = rows[7];
#pragma omp simd
      for (int64_t j = 0; j < n; ++j)
        acc[j] +=
            static_cast<double>(((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j])));
      return;
    }
    for (int64_t i = 0; i < m; ++i) {
      const T* row = rows[i];
#pragma omp simd
      for (int64_t j = 0; j < n; ++j) acc[j] += static_cast<double>(row[j]);
    }
  }
};

// out[k] (+)= scale * sum, the usual finish.
template <class T>
static inline auto store_sum(T* out, bool accumulate, double scale = 1) {
  return [=](int64_t k, double sum) {
    const T v = static_cast<T>(sum * scale);
    out[k] = accumulate ? out[k] + v : v;
  };
}

}  // namespace fastnn::FASTNN_ISA
