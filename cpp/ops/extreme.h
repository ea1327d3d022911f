// Largest (kLargest) or smallest element; NaN where there is one. What max, min, argmax, argmin
// share.
#pragma once
#include "ops/reducers.h"
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {

// y = extreme of x; dy is shared evenly among the elements equal to it.
template <bool kLargest>
struct ExtremeOp {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n, 1);
    n.reads_in = 1u;
    n.reads_out = 1u;
    const Reduction r = reduction_of_node(n);
    n.scratch_bytes = 8 * r.outputs + reduce_scratch(r);
  }

  template <class T>
  static void forward(const Node& n) {
    T* y = out_data<T>(n.out[0]);
    reduce(kLargest ? Reducer::kMax : Reducer::kMin, reduction_of_node(n), stored(data<T>(n.in[0])),
           n.scratch, elements(n.in[0].shape) * 0.15,
           [=](int64_t k, double best) { y[k] = static_cast<T>(best); });
  }

  template <class T>
  static void backward(const Node& n) {
    const Reduction r = reduction_of_node(n);
    const Broadcast b = layout_of_node(n);
    const T *y = data<T>(n.out[0]), *dy = grad<T>(n.out[0]);
    T* share = static_cast<T*>(n.scratch);
    const auto ties = [=](T x, int64_t o) { return ((x == y[o]) | (x != x)) ? T(1) : T(0); };
    const auto terms = with_result<T>(b, data<T>(n.in[0]), ties);
    reduce(Reducer::kSum, r, computed<T>(terms), static_cast<char*>(n.scratch) + 8 * r.outputs,
           b.count * 0.3,
           [=](int64_t k, double count) { share[k] = dy[k] / static_cast<T>(count); });
    spread<T>(n, 0.3, [=](T x, int64_t o) {
      const T part = share[o];  // not in a branch: the loop would not be vectorised
      return ((x == y[o]) | (x != x)) ? part : T(0);
    });
  }
};

// First position of the extreme (the first NaN where there is one) along one axis, or in the whole
// array: seen as (outer, length, inner).
template <bool kLargest>
struct ArgOp {
  static constexpr const char* attrs = kReductionAttrs;
  static constexpr int64_t kPiece = 8192;  // elements per task along a row
  static constexpr int64_t kBlock = 256;   // columns per task

  struct View {
    int64_t outer, length, inner;
  };

  static View view(const Node& n) {
    const Shape& x = n.in[0].shape;
    if (n.attr[0].count == 0) return {1, elements(x), 1};
    const int axis = static_cast<int>(n.attr[0].ints[0] + (n.attr[0].ints[0] < 0 ? x.rank : 0));
    return {elements(x, 0, axis), elements(x, axis, axis + 1), elements(x, axis + 1)};
  }

  [[gnu::cold]] static void infer(Node& n) {
    if (n.attr[0].count > 1)
      fail(n.where, "axis must be one integer or None, got %lld integers",
           static_cast<long long>(n.attr[0].count));
    infer_reduction(n, 1);
    n.out[0].dtype = DType::kInt64;
    const View v = view(n);
    n.scratch_bytes = v.inner == 1 ? 8 * v.outer * ((v.length + kPiece - 1) / kPiece) : 0;
  }

  template <class T>
  static int64_t first_in(const T* p, int64_t n) {
    const T best = Extreme<T, kLargest>::row(p, n);
    int64_t i = 0;
    while (i < n - 1 && !(p[i] == best || p[i] != p[i])) ++i;
    return i;
  }

  template <class T>
  static void along_rows(const Node& n, const View& v) {
    const int64_t pieces = (v.length + kPiece - 1) / kPiece;
    int64_t* found = static_cast<int64_t*>(n.scratch);  // (outer, pieces)
    const T* x = data<T>(n.in[0]);
    int64_t* y = out_data<int64_t>(n.out[0]);
    const int64_t grain = kPiece / (v.length / pieces + 1) + 1;
    parallel_chunks(v.outer * pieces, grain, v.outer * v.length * 0.3,
                    [=](int64_t begin, int64_t end) {
                      for (int64_t t = begin; t < end; ++t) {
                        const int64_t from = t % pieces * kPiece;
                        const int64_t m = v.length - from < kPiece ? v.length - from : kPiece;
                        found[t] = from + first_in(x + t / pieces * v.length + from, m);
                      }
                    });
    for (int64_t o = 0; o < v.outer; ++o) {
      const T* row = x + o * v.length;
      int64_t best = found[o * pieces];
      for (int64_t p = 1; p < pieces; ++p) {
        const int64_t i = found[o * pieces + p];
        if (row[best] == row[best] && Extreme<T, kLargest>::beats(row[i], row[best])) best = i;
      }
      y[o] = best;
    }
  }

  template <class T>
  static void along_columns(const Node& n, const View& v) {
    const int64_t blocks = (v.inner + kBlock - 1) / kBlock;
    const T* x = data<T>(n.in[0]);
    int64_t* y = out_data<int64_t>(n.out[0]);
    parallel(v.outer * blocks, v.outer * v.length * v.inner * 0.5, [=](int64_t t) {
      const int64_t column = t % blocks * kBlock;
      const int64_t m = v.inner - column < kBlock ? v.inner - column : kBlock;
      alignas(64) T best[kBlock];
      int64_t* at = y + t / blocks * v.inner + column;
      for (int64_t q = 0; q < v.length; ++q) {
        const T* row = x + (t / blocks * v.length + q) * v.inner + column;
        for (int64_t j = 0; j < m && q == 0; ++j) {
          best[j] = row[j];
          at[j] = 0;
        }
#pragma omp simd
        for (int64_t j = 0; j < m; ++j) {
          const bool take = best[j] == best[j] && Extreme<T, kLargest>::beats(row[j], best[j]);
          best[j] = take ? row[j] : best[j];
          at[j] = take ? q : at[j];
        }
      }
    });
  }

  template <class T>
  static void forward(const Node& n) {
    const View v = view(n);
    if (v.outer * v.inner == 0) return;
    if (v.inner == 1)
      along_rows<T>(n, v);
    else
      along_columns<T>(n, v);
  }
};

}  // namespace fastnn::FASTNN_ISA
