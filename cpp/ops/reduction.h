// What the reductions share: the attributes axis and keepdims, and loops that bring results back to
// the shape of x.
#pragma once
#include "ops/broadcast.h"
#include "ops/reduce.h"

namespace fastnn::FASTNN_ISA {

constexpr const char* kReductionAttrs = "axis:ints keepdims:int=0";

// kept[i]: axis i of x stays. Checked by infer_reduction.
static inline void kept_axes(const Node& n, bool* kept) {
  const int rank = n.in[0].shape.rank;
  const Attr& axis = n.attr[0];
  for (int i = 0; i < rank; ++i) kept[i] = axis.count > 0;
  for (int64_t i = 0; i < axis.count; ++i)
    kept[axis.ints[i] + (axis.ints[i] < 0 ? rank : 0)] = false;
}

static inline Reduction reduction_of_node(const Node& n) {
  bool kept[kMaxRank];
  kept_axes(n, kept);
  return reduction_of(n.in[0].shape, kept);
}

// x's index space, with the results (as if keepdims) as operand 0.
static inline Broadcast layout_of_node(const Node& n) {
  bool kept[kMaxRank];
  kept_axes(n, kept);
  Shape result = n.in[0].shape;
  for (int i = 0; i < result.rank; ++i)
    if (!kept[i]) result.dims[i] = 1;
  const Shape* operands[] = {&result};
  return broadcast_of(n.in[0].shape, operands, 1);
}

// The shape rule. `least`: elements that each result needs.
static inline void infer_reduction(Node& n, int64_t least = 0) {
  const Arg& x = n.in[0];
  if (!is_real(x.dtype))
    fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
  const int rank = x.shape.rank;
  const Attr& axis = n.attr[0];
  bool seen[kMaxRank] = {};
  for (int64_t i = 0; i < axis.count; ++i) {
    const int64_t given = axis.ints[i], a = given + (given < 0 ? rank : 0);
    if (a < 0 || a >= rank)
      fail(n.where, "axis must be between %d and %d because x has shape %s, got %lld", -rank,
           rank - 1, text_of(x.shape).text, static_cast<long long>(given));
    if (seen[a])
      fail(n.where, "axis must name each axis once, got %lld twice", static_cast<long long>(a));
    seen[a] = true;
  }
  bool kept[kMaxRank];
  kept_axes(n, kept);
  Shape& y = n.out[0].shape;
  y = Shape{};
  const bool keepdims = n.attr[1].ints[0];
  for (int i = 0; i < rank; ++i)
    if (kept[i] || keepdims) y.dims[y.rank++] = kept[i] ? x.shape[i] : 1;
  n.out[0].dtype = x.dtype;
  const Reduction r = reduction_of_node(n);
  if (r.terms < least && r.outputs > 0)
    fail(n.where, "x must have at least 1 element along the reduced axes, got shape %s",
         text_of(x.shape).text);
  n.reads_in = 0u;
  n.reads_out = 0u;
  n.flops = static_cast<double>(elements(x.shape));
}

// Terms value(x[i], o) of the flat index i, whose result is o. For gradients and two-pass sums.
template <class T, class X, class F>
struct WithResult {
  const Broadcast& b;
  const X* x;
  F value;

  const T* segment(int64_t begin, int64_t count, T* buffer) const {
    const F f = value;
    for_runs(b, begin, begin + count, [=, this](int64_t at, int64_t n, const int64_t* offset) {
      const X* from = x + at;
      T* to = buffer + (at - begin);
      const int64_t o = offset[0];
      if (b.strides[0][b.rank - 1]) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = f(from[i], o + i);
      } else {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) to[i] = f(from[i], o);
      }
    });
    return buffer;
  }
};

template <class T, class X, class F>
static inline WithResult<T, X, F> with_result(const Broadcast& b, const X* x, const F& value) {
  return {b, x, value};
}

// dx (+)= value(x[i], o), x being read only where `value` does.
template <class T, class F>
static void spread(const Node& n, double cost, const F& value) {
  T* dx = grad<T>(n.in[0]);
  if (!dx) return;
  const Broadcast b = layout_of_node(n);
  const T* x = n.reads_in & 1 ? data<T>(n.in[0]) : dx;
  const bool accumulate = n.in[0].accumulate;
  parallel_chunks(b.count, kBroadcastGrain, b.count * cost, [&](int64_t begin, int64_t end) {
    for_runs(b, begin, end, [&](int64_t at, int64_t m, const int64_t* offset) {
      const T* from = x + at;
      const F f = value;
      const int64_t o = offset[0];
      if (b.strides[0][b.rank - 1])
        store_grad(dx + at, m, accumulate, [=](int64_t i) { return f(from[i], o + i); });
      else
        store_grad(dx + at, m, accumulate, [=](int64_t i) { return f(from[i], o); });
    });
  });
}

}  // namespace fastnn::FASTNN_ISA
