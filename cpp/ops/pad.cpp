// x with a border of `value`: pad holds (before, after) for the last axis, then the one before it,
// ... (PyTorch's order). Backward: the part of dy that is x.
#include "ops/view.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Pad {
  static constexpr const char* attrs = "pad:ints value:real=0";

  static int64_t before(const Node& n, int axis) {
    const int i = 2 * (n.in[0].shape.rank - 1 - axis);
    return i < n.attr[0].count ? n.attr[0].ints[i] : 0;
  }
  static int64_t after(const Node& n, int axis) {
    const int i = 2 * (n.in[0].shape.rank - 1 - axis) + 1;
    return i < n.attr[0].count ? n.attr[0].ints[i] : 0;
  }

  static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const int64_t count = n.attr[0].count;
    if (count % 2 != 0 || count > 2 * x.shape.rank)
      fail(n.where, "pad must hold 2 numbers for each of at most %d axes, got %lld numbers",
           x.shape.rank, static_cast<long long>(count));
    for (int i = 0; i < count; ++i)
      if (n.attr[0].ints[i] < 0)
        fail(n.where, "pad must hold numbers >= 0, got %lld",
             static_cast<long long>(n.attr[0].ints[i]));
    n.out[0].shape = x.shape;
    for (int axis = 0; axis < x.shape.rank; ++axis) {
      const int64_t more = before(n, axis) + after(n, axis);
      if (x.shape[axis] != kBatch)
        n.out[0].shape.dims[axis] += more;
      else if (more > 0)
        fail(n.where, "pad must leave the batch as it is, got %lld for axis %d",
             static_cast<long long>(more), axis);
    }
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  // x inside y.
  static View view(const Node& n) {
    const Shape& x = n.in[0].shape;
    int64_t strides[kMaxRank];
    natural_strides(n.out[0].shape, strides);
    View v;
    for (int axis = 0; axis < x.rank; ++axis) {
      v.offset += before(n, axis) * strides[axis];
      add_axis(v, x[axis], strides[axis]);
    }
    close_axes(v);
    return v;
  }

  template <class T>
  static void forward(const Node& n) {
    const T value = static_cast<T>(n.attr[1].real);
    T* y = out_data<T>(n.out[0]);
    const int64_t count = elements(n.out[0].shape);
    parallel_chunks(count, kViewGrain, count * 0.15, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) y[i] = value;
    });
    scatter_view(view(n), data<T>(n.in[0]), y, false);
  }

  template <class T>
  static void backward(const Node& n) {
    if (T* dx = grad<T>(n.in[0])) gather_view(view(n), grad<T>(n.out[0]), dx, n.in[0].accumulate);
  }
};

}  // namespace
extern const Op pad;
const Op pad = op_of<Pad>("pad");
}  // namespace fastnn::FASTNN_ISA
