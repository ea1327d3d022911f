// What a product does with its sums, y = act(sums + b), in reverse: dz = dy act'(y), and db is the
// sum of dz over rows.
#pragma once
#include "gemm/cut.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "simd/activation.h"

namespace fastnn::FASTNN_ISA {

struct Epilogue {
  int64_t rows, K;  // of y
  Activation activation = Activation::kLinear;
  double alpha = 0;  // parameter of the activation
};

static inline Reduction over_rows(const Epilogue& e) {
  const bool kept[] = {false, true};
  return reduction_of(Shape{2, {e.rows, e.K}}, kept);
}

// Bytes that hold dz while gradients are computed from it. Where there is no activation, dz is dy.
template <class T>
static int64_t dz_bytes(const Epilogue& e) {
  if (e.activation == Activation::kLinear) return 0;
  return align64(e.rows * e.K * static_cast<int64_t>(sizeof(T)));
}
static inline int64_t db_scratch(const Epilogue& e) { return reduce_scratch(over_rows(e)); }

// dz, which takes the place of dy where that is the node's own; else `scratch` moves behind it.
// What follows in scratch is as much as db_scratch says. The bias is operand 2, if there is one.
template <class T>
static const T* epilogue_backward(const Node& n, const Epilogue& e, char*& scratch) {
  const int64_t count = e.rows * e.K;
  const T* dz = grad<T>(n.out[0]);
  if (e.activation != Activation::kLinear) {
    T* const into = n.owns_dy ? grad<T>(n.out[0]) : reinterpret_cast<T*>(scratch);
    const T *y = data<T>(n.out[0]), *dy = dz;
    parallel_chunks(count, 16384, count * 0.5, [=](int64_t begin, int64_t end) {
      activation_backward(e.activation, e.alpha, y + begin, dy + begin, into + begin, end - begin);
    });
    dz = into;
    if (!n.owns_dy) scratch += dz_bytes<T>(e);
  }
  if (n.n_in > 2 && n.in[2].grad)
    reduce(Reducer::kSum, over_rows(e), stored(dz), scratch, count * 0.15,
           store_sum(grad<T>(n.in[2]), n.in[2].accumulate));
  return dz;
}

}  // namespace fastnn::FASTNN_ISA
