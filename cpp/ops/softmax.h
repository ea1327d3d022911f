// What softmax and log_softmax share: x (outer, n, inner) with the axis in the middle, its shape
// rule, and the cut into tasks: groups of rows where the axis is the last, else blocks of columns.
#pragma once
#include "ops/op.h"
#include "ops/store.h"
#include "simd/math.h"
#include "simd/reduce.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kTile = 2048;    // elements that stay in L1 between the passes over a group
constexpr int64_t kColumns = 256;  // columns of a block

struct AxisSizes {
  int64_t outer, n, inner;
};

static inline int axis_of(const Node& n) {
  const int64_t axis = n.attr[0].ints[0];
  return static_cast<int>(axis < 0 ? axis + n.in[0].shape.rank : axis);
}

static inline AxisSizes axis_sizes(const Node& n) {
  const Shape& x = n.in[0].shape;
  const int axis = axis_of(n);
  return {elements(x, 0, axis), x[axis], elements(x, axis + 1)};
}

static inline void infer_softmax(Node& n) {
  const Arg& x = n.in[0];
  if (!is_real(x.dtype))
    fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
  if (x.shape.rank < 1) fail(n.where, "x must have at least 1 axis, got shape ()");
  const int64_t axis = n.attr[0].ints[0];
  if (axis < -x.shape.rank || axis >= x.shape.rank)
    fail(n.where, "axis must be in [-%d, %d) because x has shape %s, got %lld", x.shape.rank,
         x.shape.rank, text_of(x.shape).text, static_cast<long long>(axis));
  n.out[0].shape = x.shape;
  n.out[0].dtype = x.dtype;
  n.reads_in = 0u;
  n.reads_out = 1u;
  n.flops = 5.0 * elements(x.shape);
}

// rows(begin, end) over the rows of a last axis, in groups of about kTile elements.
template <class Rows>
static inline void each_group(const AxisSizes& s, double cost, const Rows& rows) {
  const int64_t grain = s.n < kTile ? kTile / (s.n + 1) + 1 : 1;
  parallel_chunks(s.outer, grain, cost * s.outer * s.n, rows);
}

// block(first element, columns) over blocks of columns; element k of column j lies at first + k
// inner + j.
template <class Block>
static inline void each_block(const AxisSizes& s, double cost, const Block& block) {
  const int64_t blocks = (s.inner + kColumns - 1) / kColumns;
  parallel(s.outer * blocks, cost * s.outer * s.n * s.inner, [&](int64_t task) {
    const int64_t column = task % blocks * kColumns;
    const int64_t left = s.inner - column;
    block(task / blocks * s.n * s.inner + column, left < kColumns ? left : kColumns);
  });
}

// Largest of each column.
template <class T>
static inline void column_largest(const T* x, const AxisSizes& s, int64_t columns, T* most) {
#pragma omp simd
  for (int64_t j = 0; j < columns; ++j) most[j] = x[j];
  for (int64_t k = 1; k < s.n; ++k)
#pragma omp simd
    for (int64_t j = 0; j < columns; ++j) {
      const T v = x[k * s.inner + j];
      most[j] = v > most[j] ? v : most[j];
    }
}

}  // namespace fastnn::FASTNN_ISA
