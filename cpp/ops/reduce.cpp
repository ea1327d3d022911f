// The loops of all reductions: tasks cut from the shapes, partial results joined in their order.
#include "ops/reduce.h"

#include "ops/reducers.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kReduceGrain = 16384;  // terms per task
constexpr int64_t kColumns = 512;        // columns per task where the last axis is kept
constexpr int64_t kNarrow = 64;          // rows up to here are folded
constexpr int64_t kFold = 1024;          // terms folded at a time
constexpr int64_t kShort = 48;           // rows up to here are turned
constexpr int64_t kTurned = 16;          // rows turned at a time
constexpr int64_t kParts = 16;           // tasks that a reduction to few results is cut into

// How a reduction is cut. Last axis reduced: `pieces` stretches of `piece` terms for each of
// `outputs`. Last axis kept: `pieces` rows for each block of columns.
struct Cut {
  bool by_columns;
  int64_t inner, outer_kept, outer_reduced;
  int64_t piece, pieces_per_row, pieces, blocks, units, parts;
};

Cut cut_of(const Reduction& r, int64_t segment) {
  Cut c;
  c.by_columns = r.kept[r.rank - 1];
  c.inner = r.dims[r.rank - 1];
  const int64_t width = segment < kColumns ? segment : kColumns;
  c.outer_kept = c.inner ? (c.by_columns ? r.outputs / c.inner : r.outputs) : 0;
  c.outer_reduced = c.inner ? (c.by_columns ? r.terms : r.terms / c.inner) : 0;
  c.piece = c.by_columns ? width : segment;
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
int64_t outer_position(const Reduction& r, bool kept, int64_t index) {
  int64_t at = 0;
  for (int i = r.rank - 2; i >= 0 && index; --i) {
    if (r.kept[i] != kept) continue;
    at += index % r.dims[i] * r.strides[i];
    index /= r.dims[i];
  }
  return at;
}

// Results as doubles, which hold every float.
template <class Acc>
void hand_over(const Finish& finish, int64_t k, const Acc* acc, int64_t n) {
  if constexpr (sizeof(Acc) == sizeof(double)) {
    finish.take(finish.self, k, acc, n);
  } else {
    alignas(64) double results[kColumns];
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) results[i] = static_cast<double>(acc[i]);
    finish.take(finish.self, k, results, n);
  }
}

// Pieces [from, to) of result k, whose terms begin at `base`.
template <class R, class T>
typename R::Acc reduce_pieces(const Reduction& r, const Cut& c, const Source<T>& source,
                              int64_t base, int64_t from, int64_t to) {
  alignas(64) T buffer[kComputedSegment];
  typename R::Acc acc = R::zero();
  for (int64_t p = from; p < to; ++p) {
    const int64_t begin = p % c.pieces_per_row * c.piece;
    const int64_t n = c.inner - begin < c.piece ? c.inner - begin : c.piece;
    const int64_t at = base + outer_position(r, false, p / c.pieces_per_row) + begin;
    acc = R::join(acc, R::row(source.segment(source.self, at, n, buffer), n));
  }
  return acc;
}

// `rows` rows (a power of 2, at least 2) of n values, halved until one is left: short rows alone
// would not fill the vectors.
template <class R, class T>
void fold_rows(const T* p, int64_t rows, int64_t n, typename R::Acc* acc) {
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
template <class R, class T>
void reduce_columns(const Reduction& r, const Source<T>& source, int64_t base, int64_t n,
                    int64_t from, int64_t to, typename R::Acc* acc) {
  alignas(64) T buffer[kRows][kComputedSegment];
  for (int64_t j = 0; j < n; ++j) acc[j] = R::zero();
  // Whole rows that follow one another in memory are taken as one stretch.
  const bool whole = n == r.dims[r.rank - 1] && r.reduced_axes == 1;
  if constexpr (R::kFolds) {
    const int64_t stretch = source.most < kFold ? source.most : kFold;
    int64_t fold = 1;
    while (fold * 2 * n <= stretch) fold *= 2;
    if (whole && n <= kNarrow)
      for (; from + fold <= to; from += fold)
        fold_rows<R>(source.segment(source.self, base + from * n, fold * n, buffer[0]), fold, n,
                     acc);
  }
  for (int64_t q = from; q < to; q += kRows) {
    const int64_t m = to - q < kRows ? to - q : kRows;
    const T* rows[kRows];
    if (whole && m * n <= source.most) {
      const T* p = source.segment(source.self, base + q * n, m * n, buffer[0]);
      for (int64_t i = 0; i < m; ++i) rows[i] = p + i * n;
    } else {
      for (int64_t i = 0; i < m; ++i)
        rows[i] = source.segment(source.self, base + outer_position(r, false, q + i), n, buffer[i]);
    }
    R::rows(acc, rows, m, n);
  }
}

// Results [from, to) of rows of n <= kShort terms each: blocks of rows are turned, so that vectors
// run across rows (rows of 10: 0.3 ns a term instead of 3, AMD EPYC, GCC 12).
template <class R, class T>
void reduce_short_rows(const Source<T>& source, int64_t n, int64_t from, int64_t to,
                       const Finish& finish) {
  alignas(64) T buffer[kComputedSegment];
  alignas(64) T turned[kShort * kTurned];
  const int64_t fit = source.most / n < kTurned ? source.most / n : kTurned;
  for (int64_t first = from; first < to; first += fit) {
    const int64_t m = to - first < fit ? to - first : fit;
    const T* p = source.segment(source.self, first * n, m * n, buffer);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) turned[j * kTurned + i] = p[i * n + j];
    typename R::Acc acc[kTurned];
    for (int64_t i = 0; i < m; ++i) acc[i] = R::zero();
    for (int64_t j = 0; j < n; j += kRows) {
      const T* rows[kRows];
      for (int64_t i = 0; i < kRows && j + i < n; ++i) rows[i] = turned + (j + i) * kTurned;
      R::rows(acc, rows, n - j < kRows ? n - j : kRows, m);
    }
    hand_over(finish, first, acc, m);
  }
}

// Results [from, to) of longer rows, each one stretch.
template <class R, class T>
void reduce_whole_rows(const Source<T>& source, int64_t n, int64_t from, int64_t to,
                       const Finish& finish) {
  alignas(64) T buffer[kComputedSegment];
  typename R::Acc acc[kTurned];
  for (int64_t first = from; first < to; first += kTurned) {
    const int64_t m = to - first < kTurned ? to - first : kTurned;
    for (int64_t i = 0; i < m; ++i)
      acc[i] = R::row(source.segment(source.self, (first + i) * n, n, buffer), n);
    hand_over(finish, first, acc, m);
  }
}

// Results of one instance of R and T: the whole job.
template <class R, class T>
void reduce_with(const Reduction& r, const Source<T>& source, void* scratch, double cost,
                 const Finish& finish) {
  using Acc = typename R::Acc;
  const Cut c = cut_of(r, source.most);
  if (c.units == 0) {  // sums of nothing
    const Acc zero = R::zero();
    for (int64_t k = 0; k < r.outputs; ++k) hand_over(finish, k, &zero, 1);
    return;
  }
  if (!c.by_columns && r.rank <= 2 && c.parts == 1 && c.pieces == 1) {
    parallel_chunks(c.units, kReduceGrain / (c.inner + 1) + 1, cost,
                    [&](int64_t begin, int64_t end) {
                      if (c.inner <= kShort)
                        reduce_short_rows<R, T>(source, c.inner, begin, end, finish);
                      else
                        reduce_whole_rows<R, T>(source, c.inner, begin, end, finish);
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
      alignas(64) Acc block[kColumns];
      int64_t first = unit, n = 1;
      if (c.by_columns) {
        const int64_t column = unit % c.blocks * c.piece;
        first = unit / c.blocks * c.inner + column;
        n = c.inner - column < c.piece ? c.inner - column : c.piece;
        const int64_t base = outer_position(r, true, unit / c.blocks) + column;
        reduce_columns<R, T>(r, source, base, n, from, to, block);
      } else {
        const int64_t base = r.rank <= 2 ? unit * c.inner : outer_position(r, true, unit);
        block[0] = reduce_pieces<R, T>(r, c, source, base, from, to);
      }
      if (parts > 1)
        __builtin_memcpy(partial + part * r.outputs + first, block, n * sizeof(Acc));
      else
        hand_over(finish, first, block, n);
    }
  });
  if (parts > 1)
    for (int64_t k = 0; k < r.outputs; ++k) {
      Acc acc = partial[k];
      for (int64_t p = 1; p < parts; ++p) acc = R::join(acc, partial[p * r.outputs + k]);
      hand_over(finish, k, &acc, 1);
    }
}

}  // namespace

int64_t reduce_scratch(const Reduction& r) {
  const int64_t a = cut_of(r, kStoredSegment).parts, b = cut_of(r, kComputedSegment).parts;
  const int64_t parts = a > b ? a : b;
  return parts > 1 ? parts * r.outputs * 8 : 0;
}

template <class T>
void reduce_terms(Reducer reducer, const Reduction& r, const Source<T>& source, void* scratch,
                  double cost, const Finish& finish) {
  switch (reducer) {
    case Reducer::kSum:
      return reduce_with<Sum<T>>(r, source, scratch, cost, finish);
    case Reducer::kMax:
      return reduce_with<Extreme<T, true>>(r, source, scratch, cost, finish);
    case Reducer::kMin:
      return reduce_with<Extreme<T, false>>(r, source, scratch, cost, finish);
    case Reducer::kProduct:
      return reduce_with<Product<T>>(r, source, scratch, cost, finish);
  }
}

template void reduce_terms<float>(Reducer, const Reduction&, const Source<float>&, void*, double,
                                  const Finish&);
template void reduce_terms<double>(Reducer, const Reduction&, const Source<double>&, void*, double,
                                   const Finish&);

}  // namespace fastnn::FASTNN_ISA
