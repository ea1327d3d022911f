// Metrics over classes: share of rows whose label ranks among the first k predictions. No gradient.
#pragma once
#include "ops/cost.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kMetricGrain = 1024;  // rows per task

// How many classes the prediction puts before `label`: larger ones, and equal ones of lower index
// (as arg-max takes the first). NaN anywhere puts the label last.
template <class T>
static int64_t rank_of(const T* p, int64_t classes, int64_t label) {
  const T own = p[label];
  int64_t before = 0;
#pragma omp simd reduction(+ : before)
  for (int64_t j = 0; j < label; ++j) before += !(p[j] < own);
#pragma omp simd reduction(+ : before)
  for (int64_t j = label + 1; j < classes; ++j) before += !(p[j] <= own);
  return own == own ? before : classes;
}

// The label of a row: as given, or where its one-hot row is largest; -1 where NaN is in that.
template <class T>
static int64_t label_of(const Node& n, int64_t row, int64_t classes) {
  if (target_of(n) == Target::kLabels) return data<int64_t>(n.in[1])[row];
  const bool real = target_of(n) == Target::kValues;
  const T* y = data<T>(n.in[1]) + row * classes;
  const int64_t* integers = data<int64_t>(n.in[1]) + row * classes;
  int64_t best = 0;
  for (int64_t j = 0; j < classes; ++j) {
    if (real && y[j] != y[j]) return -1;
    if (real ? y[j] > y[best] : integers[j] > integers[best]) best = j;
  }
  return best;
}

// Rows of [begin, end) whose label ranks below k; NaN where a label names no class.
template <class T>
static double hits(const Node& n, int64_t k, int64_t begin, int64_t end) {
  const int64_t classes = cost_sizes(n.in[0].shape).classes;
  double sum = 0;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t label = label_of<T>(n, row, classes);
    if (label < 0 || label >= classes) return kNaN;
    sum += rank_of(data<T>(n.in[0]) + row * classes, classes, label) < k ? 1 : 0;
  }
  return sum;
}

}  // namespace fastnn::FASTNN_ISA
