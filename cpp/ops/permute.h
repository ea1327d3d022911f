// Axes in another order: y[i_0, i_1, ...] = x with axis a of y being axis order[a] of x.
// Backward: the inverse order. What permute and transpose share; a Rule gives the checked order.
#pragma once
#include "ops/view.h"

namespace fastnn::FASTNN_ISA {

template <class Rule>
struct Permutation {
  static constexpr const char* attrs = Rule::attrs;

  [[gnu::cold]] static void infer(Node& n) {
    int order[kMaxRank] = {};
    Rule::check(n);
    Rule::order(n, order);
    const Shape& x = n.in[0].shape;
    n.out[0].shape.rank = x.rank;
    for (int i = 0; i < x.rank; ++i) n.out[0].shape.dims[i] = x[order[i]];
    n.out[0].dtype = n.in[0].dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  template <class T>
  static void forward(const Node& n) {
    const Shape& x = n.in[0].shape;
    int order[kMaxRank] = {};
    int64_t strides[kMaxRank] = {};
    Rule::order(n, order);
    natural_strides(x, strides);
    View v;
    for (int i = 0; i < x.rank; ++i) add_axis(v, x[order[i]], strides[order[i]]);
    close_axes(v);
    gather_any(v, n.in[0].dtype, n.in[0].data, n.out[0].data);
  }

  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    const Shape& x = n.in[0].shape;
    int order[kMaxRank] = {};
    int64_t strides[kMaxRank] = {}, of_x[kMaxRank] = {};
    Rule::order(n, order);
    natural_strides(n.out[0].shape, strides);
    for (int i = 0; i < x.rank; ++i) of_x[order[i]] = strides[i];
    View v;
    for (int i = 0; i < x.rank; ++i) add_axis(v, x[i], of_x[i]);
    close_axes(v);
    gather_view(v, grad<T>(n.out[0]), dx, n.in[0].accumulate);
  }
};

}  // namespace fastnn::FASTNN_ISA
