// x with a border: pad holds (before, after) for the last axis, then the one before it, ...
// (PyTorch's order). Modes: 0 the border is `value`, 1 x mirrored at its ends, 2 the ends again, 3
// x from its other end. Backward: the part of dy that is x, and what was copied into the border.
#include "ops/view.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kPad, kValue, kMode };
enum { kConstant, kReflect, kReplicate, kCircular };

struct Pad {
  static constexpr const char* attrs = "pad:ints value:real=0 mode:int=0";

  static int64_t before(const Node& n, int axis) {
    const int i = 2 * (n.in[0].shape.rank - 1 - axis);
    return i < n.attr[0].count ? n.attr[0].ints[i] : 0;
  }
  static int64_t after(const Node& n, int axis) {
    const int i = 2 * (n.in[0].shape.rank - 1 - axis) + 1;
    return i < n.attr[0].count ? n.attr[0].ints[i] : 0;
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const int64_t count = n.attr[0].count;
    if (count % 2 != 0 || count > 2 * x.shape.rank)
      fail(n.where, "pad must hold 2 numbers for each of at most %d axes, got %lld numbers",
           x.shape.rank, static_cast<long long>(count));
    for (int i = 0; i < count; ++i)
      if (n.attr[0].ints[i] < 0 || n.attr[0].ints[i] >= kMostElements)
        fail(n.where, "pad must hold numbers %s, got %lld",
             n.attr[0].ints[i] < 0 ? ">= 0" : "< 2**47", static_cast<long long>(n.attr[0].ints[i]));
    n.out[0].shape = x.shape;
    for (int axis = 0; axis < x.shape.rank; ++axis) {
      const int64_t more = before(n, axis) + after(n, axis);
      if (x.shape[axis] != kBatch)
        n.out[0].shape.dims[axis] += more;
      else if (more > 0)
        fail(n.where, "pad must leave the batch as it is, got %lld for axis %d",
             static_cast<long long>(more), axis);
    }
    check_mode(n);
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  // A border of x's own elements can be no wider than there are of them.
  static void check_mode(const Node& n) {
    const int64_t mode = n.attr[kMode].ints[0];
    if (mode < kConstant || mode > kCircular)
      fail(n.where, "mode must be a number from 0 to 3, got %lld", static_cast<long long>(mode));
    if (mode == kConstant) return;
    const Shape& x = n.in[0].shape;
    for (int axis = 0; axis < x.rank; ++axis) {
      const int64_t most = before(n, axis) > after(n, axis) ? before(n, axis) : after(n, axis);
      const int64_t limit = mode == kReflect    ? x[axis] - 1
                            : mode == kCircular ? x[axis]
                                                : INT64_MAX;
      if (most > 0 && (most > limit || x[axis] == 0))
        fail(n.where, "pad must be at most %lld on axis %d of shape %s, got %lld",
             static_cast<long long>(x[axis] == 0 ? 0 : limit), axis, text_of(x).text,
             static_cast<long long>(most));
    }
  }

  // Where element i of a padded axis, counted from x's first, is from.
  static int64_t inside(int64_t mode, int64_t i, int64_t length) {
    if (i >= 0 && i < length) return i;
    if (mode == kReflect) return i < 0 ? -i : 2 * (length - 1) - i;
    if (mode == kReplicate) return i < 0 ? 0 : length - 1;
    return i < 0 ? i + length : i - length;
  }

  // f(row of y, row of x) for each row of the last axis of y; rows whose axes before the first
  // padded one differ are different tasks.
  template <class F>
  static void each_row(const Node& n, const F& f) {
    const Shape &x = n.in[0].shape, &y = n.out[0].shape;
    const int last = x.rank - 1;
    int free = 0;
    while (free < last && x[free] == y[free]) ++free;
    const int64_t tasks = elements(y, 0, free), rows = elements(y, free, last);
    const int64_t mode = n.attr[kMode].ints[0];
    parallel(tasks, static_cast<double>(elements(y)), [=, &n, &x, &y](int64_t task) {
      for (int64_t r = 0; r < rows; ++r) {
        int64_t from = 0, left = r, stride = 1;
        for (int axis = last - 1; axis >= free; --axis) {
          const int64_t i = left % y[axis] - before(n, axis);
          from += inside(mode, i, x[axis]) * stride;
          left /= y[axis];
          stride *= x[axis];
        }
        f(task * rows + r, task * stride + from);
      }
    });
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
  static void copy_border(const Node& n) {
    const int last = n.in[0].shape.rank - 1;
    const int64_t length = n.in[0].shape[last], first = before(n, last);
    const int64_t wide = n.out[0].shape[last], mode = n.attr[kMode].ints[0];
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    each_row(n, [=](int64_t to, int64_t from) {
      const T* source = x + from * length;
      T* row = y + to * wide;
      for (int64_t i = 0; i < first; ++i) row[i] = source[inside(mode, i - first, length)];
      __builtin_memcpy(row + first, source, static_cast<size_t>(length) * sizeof(T));
      for (int64_t i = first + length; i < wide; ++i)
        row[i] = source[inside(mode, i - first, length)];
    });
  }

  template <class T>
  static void add_border(const Node& n) {
    const int last = n.in[0].shape.rank - 1;
    const int64_t length = n.in[0].shape[last], first = before(n, last);
    const int64_t wide = n.out[0].shape[last], mode = n.attr[kMode].ints[0];
    const T* dy = grad<T>(n.out[0]);
    T* dx = grad<T>(n.in[0]);
    if (!n.in[0].accumulate)
      __builtin_memset(dx, 0, static_cast<size_t>(elements(n.in[0].shape)) * sizeof(T));
    each_row(n, [=](int64_t from, int64_t to) {
      const T* row = dy + from * wide;
      T* source = dx + to * length;
#pragma omp simd
      for (int64_t i = 0; i < length; ++i) source[i] += row[first + i];
      for (int64_t i = 0; i < first; ++i) source[inside(mode, i - first, length)] += row[i];
      for (int64_t i = first + length; i < wide; ++i)
        source[inside(mode, i - first, length)] += row[i];
    });
  }

  template <class T>
  static void forward(const Node& n) {
    if (n.attr[kMode].ints[0] != kConstant && n.in[0].shape.rank > 0) return copy_border<T>(n);
    const T value = static_cast<T>(n.attr[kValue].real);
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
    if (!grad<T>(n.in[0])) return;
    if (n.attr[kMode].ints[0] != kConstant && n.in[0].shape.rank > 0) return add_border<T>(n);
    gather_view(view(n), grad<T>(n.out[0]), grad<T>(n.in[0]), n.in[0].accumulate);
  }
};

}  // namespace
extern const Op pad;
const Op pad = op_of<Pad>("pad");
}  // namespace fastnn::FASTNN_ISA
