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

// dz as terms of db: computed, and kept, when the reduction comes to it, so that it is in L1 then.
template <class T>
struct Slopes {
  const Epilogue& e;
  const T *y, *dy;
  T* dz;
  const T* segment(int64_t at, int64_t n, T*) const {
    activation_backward(e.activation, e.alpha, y + at, dy + at, dz + at, n);
    return dz + at;
  }
};

// dz, which takes the place of dy where that is the node's own; else `scratch` moves behind it.
// What follows in scratch is as much as db_scratch says. The bias is operand 2, if there is one.
template <class T>
static const T* epilogue_backward(const Node& n, const Epilogue& e, char*& scratch) {
  const int64_t count = e.rows * e.K;
  T* const dy = grad<T>(n.out[0]);
  const bool is_linear = e.activation == Activation::kLinear;
  const bool in_place = is_linear || n.owns_dy;
  T* const dz = in_place ? dy : reinterpret_cast<T*>(scratch);
  if (!in_place) scratch += dz_bytes<T>(e);
  const Slopes<T> slopes{e, data<T>(n.out[0]), dy, dz};
  if (n.n_in > 2 && n.in[2].grad)
    reduce(Reducer::kSum, over_rows(e),
           is_linear ? stored<T>(dz) : computed<T>(slopes, kStoredSegment), scratch,
           count * (is_linear ? 0.15 : 0.65), store_sum(grad<T>(n.in[2]), n.in[2].accumulate));
  else if (!is_linear)
    parallel_chunks(count, 16384, count * 0.5, [&](int64_t begin, int64_t end) {
      slopes.segment(begin, end - begin, nullptr);
    });
  return dz;
}

}  // namespace fastnn::FASTNN_ISA
