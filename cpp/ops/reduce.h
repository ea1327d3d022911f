// Reductions over any set of axes: result k is taken from its terms in an order that the shapes
// alone fix. Terms come in stretches from a Source, results go to a Finish; both are called through
// pointers, so that one copy of the loops (reduce.cpp) serves all ops.
#pragma once
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

enum class Reducer { kSum, kMax, kMin, kProduct };

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

// Terms of the flat indices [at, at + n), n <= most, of the full index space: where they lie, or
// computed into `buffer`.
template <class T>
struct Source {
  const void* self;
  const T* (*segment)(const void* self, int64_t at, int64_t n, T* buffer);
  int64_t most;
};

constexpr int64_t kStoredSegment = 8192;
constexpr int64_t kComputedSegment = 512;

template <class T>
static inline Source<T> stored(const T* data) {
  return {
      data,
      [](const void* self, int64_t at, int64_t, T*) { return static_cast<const T*>(self) + at; },
      kStoredSegment};
}

// `terms` has segment(at, n, buffer) as above; it must outlive the reduction. It is asked once for
// each index. Where it does not need the buffer, `most` may be that of stored terms.
template <class T, class Terms>
static inline Source<T> computed(const Terms& terms, int64_t most = kComputedSegment) {
  return {&terms,
          [](const void* self, int64_t at, int64_t n, T* buffer) {
            return static_cast<const Terms*>(self)->segment(at, n, buffer);
          },
          most};
}

// Takes results k, k + 1, ..., k + n - 1.
struct Finish {
  const void* self;
  void (*take)(const void* self, int64_t k, const double* results, int64_t n);
};

// Bytes of working memory that a reduction needs.
int64_t reduce_scratch(const Reduction& r);

template <class T>
void reduce_terms(Reducer reducer, const Reduction& r, const Source<T>& source, void* scratch,
                  double cost, const Finish& finish);

// finish(k, result) stores result k, a double; `cost` in ns is of the whole.
template <class T, class F>
static void reduce(Reducer reducer, const Reduction& r, const Source<T>& source, void* scratch,
                   double cost, const F& finish) {
  const Finish each{&finish, [](const void* self, int64_t k, const double* results, int64_t n) {
                      const F f = *static_cast<const F*>(self);
                      for (int64_t i = 0; i < n; ++i) f(k + i, results[i]);
                    }};
  reduce_terms(reducer, r, source, scratch, cost, each);
}

// out[k] (+)= scale * sum, the usual finish.
template <class T>
static inline auto store_sum(T* out, bool accumulate, double scale = 1) {
  return [=](int64_t k, double sum) {
    const T v = static_cast<T>(sum * scale);
    out[k] = accumulate ? out[k] + v : v;
  };
}

}  // namespace fastnn::FASTNN_ISA
