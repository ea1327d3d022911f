// How terms are taken together. Acc: what partial results are; zero(); row() takes one contiguous
// stretch, rows() several rows into a row of results, join() two partial results, and, with kFolds,
// pair() two terms.
#pragma once
#include "ops/op.h"
#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kRows = 8;  // rows taken at a time

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
    Vector<T> a{}, b{}, c{}, d{};
    int64_t i = 0;
    for (; i + 4 * kLanes<T> <= n; i += 4 * kLanes<T>) {
      a += load(p + i);
      b += load(p + i + kLanes<T>);
      c += load(p + i + 2 * kLanes<T>);
      d += load(p + i + 3 * kLanes<T>);
    }
    a = (a + b) + (c + d);
#pragma GCC unroll 4
    for (int by = kLanes<T> / 2; by > 0; by /= 2) a += rotate<T>(a, by);
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

// Largest or smallest; NaN where there is one.
template <class T, bool kLargest>
struct Extreme {
  using Acc = T;
  static constexpr bool kFolds = true;

  // Without a branch: which of two is larger cannot be foreseen.
  static inline bool beats(T a, T b) { return (kLargest ? a > b : a < b) | (a != a); }
  static Acc zero() { return static_cast<T>(kLargest ? -__builtin_inf() : __builtin_inf()); }
  static inline T pair(T a, T b) { return beats(b, a) ? b : a; }
  static Acc join(Acc a, Acc b) { return pair(a, b); }

  // The last vectors overlap those before: nothing changes when a value is looked at twice.
  static Acc row(const T* p, int64_t n) {
    constexpr int64_t kStep = 4 * kLanes<T>;
    T best = zero();
    if (n < kStep) {
      for (int64_t i = 0; i < n; ++i) best = pair(best, p[i]);
      return best;
    }
    Vector<T> v[4];
    for (int u = 0; u < 4; ++u) v[u] = load(p + u * kLanes<T>);
    for (int64_t i = kStep; i < n; i += kStep) {
      const T* from = p + (i + kStep <= n ? i : n - kStep);
      for (int u = 0; u < 4; ++u) take(v[u], load(from + u * kLanes<T>));
    }
    take(v[0], v[1]);
    take(v[2], v[3]);
    take(v[0], v[2]);
#pragma GCC unroll 4
    for (int by = kLanes<T> / 2; by > 0; by /= 2) take(v[0], rotate<T>(v[0], by));
    return v[0][0];
  }

  static inline void take(Vector<T>& best, const Vector<T>& x) {
    best = ((kLargest ? x > best : x < best) | (x != x)) ? x : best;
  }

  static void rows(Acc* acc, const T* const* rows, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
      const T* row = rows[i];
      int64_t j = 0;
      for (; j + kLanes<T> <= n; j += kLanes<T>) {
        Vector<T> best = load(acc + j);
        take(best, load(row + j));
        store(acc + j, best);
      }
      for (; j < n; ++j) acc[j] = pair(acc[j], row[j]);
    }
  }
};

// Products, in double.
template <class T>
struct Product {
  using Acc = double;
  static constexpr bool kFolds = false;
  static Acc zero() { return 1; }
  static Acc join(Acc a, Acc b) { return a * b; }

  static Acc row(const T* p, int64_t n) {
    double product = 1;
#pragma omp simd reduction(* : product)
    for (int64_t i = 0; i < n; ++i) product *= static_cast<double>(p[i]);
    return product;
  }

  static void rows(Acc* acc, const T* const* rows, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
      const T* row = rows[i];
#pragma omp simd
      for (int64_t j = 0; j < n; ++j) acc[j] *= static_cast<double>(row[j]);
    }
  }
};

}  // namespace fastnn::FASTNN_ISA
