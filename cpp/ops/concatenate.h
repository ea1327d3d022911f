// Arrays one after another along an axis; along a new axis of length 1 each where kStack.
// Backward: each input's part of dy.
#pragma once
#include "ops/copy.h"

namespace fastnn::FASTNN_ISA {

template <bool kStack>
struct Concatenation {
  static constexpr const char* attrs = "axis:int=0";
  static constexpr Operands kOperands = kAnyNumber;

  static int axis_of(const Node& n) {
    const int rank = n.in[0].shape.rank + (kStack ? 1 : 0);
    return static_cast<int>(n.attr[0].ints[0] + (n.attr[0].ints[0] < 0 ? rank : 0));
  }

  [[gnu::cold]] static void infer(Node& n) {
    if (n.n_in < 1) fail(n.where, "tensors must hold at least 1 array, got none");
    const Arg& first = n.in[0];
    const int rank = first.shape.rank + (kStack ? 1 : 0);
    if (rank > kMaxRank)
      fail(n.where, "tensors must have at most %d axes, got %d", kMaxRank - 1, first.shape.rank);
    const int64_t given = n.attr[0].ints[0];
    if (given < -rank || given >= rank)
      fail(n.where, "axis must be between %d and %d because tensors[0] has shape %s, got %lld",
           -rank, rank - 1, text_of(first.shape).text, static_cast<long long>(given));
    const int axis = axis_of(n);
    Shape& y = n.out[0].shape;
    y = first.shape;
    if (kStack) {
      for (int i = y.rank++; i > axis; --i) y.dims[i] = y.dims[i - 1];
      y.dims[axis] = n.n_in;
    }
    for (int i = 0; i < n.n_in; ++i) {
      const Shape& x = n.in[i].shape;
      if (n.in[i].dtype != first.dtype)
        fail_type(n.where, "tensors[%d] must be %s because tensors[0] is, got %s", i,
                  name_of(first.dtype), name_of(n.in[i].dtype));
      bool fits = x.rank == first.shape.rank;
      for (int a = 0; a < x.rank && fits; ++a)
        fits = x[a] == first.shape[a] || (!kStack && a == axis);
      if (!fits)
        fail(n.where,
             kStack ? "tensors[%d] must have shape %s because tensors[0] has, got %s"
                    : "tensors[%d] must have shape %s but for the axis joined, got %s",
             i, text_of(first.shape).text, text_of(x).text);
      if (!kStack && x[axis] == kBatch)
        fail(n.where, "axis must not be the batch, whose length is not known yet, got %d", axis);
      if (!kStack && i > 0) y.dims[axis] += x[axis];
    }
    n.out[0].dtype = first.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  // f(input, rows, its elements in a row, the output's, where its part begins)
  template <class F>
  static void for_parts(const Node& n, const F& f) {
    const int axis = axis_of(n);
    const int64_t rows = elements(n.in[0].shape, 0, axis), whole = elements(n.out[0].shape, axis);
    int64_t begin = 0;
    for (int i = 0; i < n.n_in; ++i) {
      const int64_t own = elements(n.in[i].shape, axis);
      f(i, rows, own, whole, begin);
      begin += own;
    }
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t size = size_of(n.out[0].dtype);
    for_parts(n, [&](int i, int64_t rows, int64_t own, int64_t whole, int64_t begin) {
      copy_rows(static_cast<char*>(n.out[0].data) + begin * size, whole * size, n.in[i].data,
                own * size, rows, own * size);
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const T* dy = grad<T>(n.out[0]);
    for_parts(n, [&](int i, int64_t rows, int64_t own, int64_t whole, int64_t begin) {
      if (T* dx = grad<T>(n.in[i]))
        store_rows(dx, own, dy + begin, whole, rows, own, n.in[i].accumulate);
    });
  }
};

}  // namespace fastnn::FASTNN_ISA
