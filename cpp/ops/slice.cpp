// Every step-th element from start up to stop along each axis, by Python's rules (negative numbers
// count from the end, what lies outside is cut off, step may be negative). Backward: dy at those
// places.
#include "ops/view.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kStart, kStop, kStep };
constexpr int64_t kEnd = INT64_MAX;  // stop at the end, in either direction

struct Slice {
  static constexpr const char* attrs = "start:ints stop:ints step:ints";

  struct Range {
    int64_t start, count, step;
  };

  static Range range(const Node& n, int axis) {
    const int64_t dim = n.in[0].shape[axis];
    const int64_t step = n.attr[kStep].ints[axis];
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    const auto clip = [=](int64_t i) {
      const int64_t at = i < 0 ? i + dim : i;
      return at < low ? low : at > high ? high : at;
    };
    const int64_t start = clip(n.attr[kStart].ints[axis]);
    const int64_t stop =
        n.attr[kStop].ints[axis] == kEnd && step < 0 ? -1 : clip(n.attr[kStop].ints[axis]);
    const int64_t span = step > 0 ? stop - start : start - stop;
    const uint64_t size = step > 0 ? uint64_t(step) : -uint64_t(step);  // of INT64_MIN too
    const int64_t count = span > 0 ? int64_t(uint64_t(span - 1) / size) + 1 : 0;
    return {start, count, count > 1 ? step : 1};
  }

  static bool is_whole(const Node& n, int axis) {
    return n.attr[kStart].ints[axis] == 0 && n.attr[kStop].ints[axis] == kEnd &&
           n.attr[kStep].ints[axis] == 1;
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Shape& x = n.in[0].shape;
    const char* const names[] = {"start", "stop", "step"};
    for (int i = 0; i < 3; ++i)
      if (n.attr[i].count != x.rank)
        fail(n.where, "%s must hold a number for each of the %d axes of x, got %lld", names[i],
             x.rank, static_cast<long long>(n.attr[i].count));
    n.out[0].shape = x;
    for (int axis = 0; axis < x.rank; ++axis) {
      if (n.attr[kStep].ints[axis] == 0)
        fail(n.where, "step must not be 0, got 0 for axis %d", axis);
      if (x[axis] != kBatch)
        n.out[0].shape.dims[axis] = range(n, axis).count;
      else if (!is_whole(n, axis))
        fail(n.where, "the batch must be taken whole, because its length is not known yet");
    }
    n.out[0].dtype = n.in[0].dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
  }

  static View view(const Node& n) {
    const Shape& x = n.in[0].shape;
    int64_t strides[kMaxRank];
    natural_strides(x, strides);
    View v;
    for (int axis = 0; axis < x.rank; ++axis) {
      const Range r = range(n, axis);
      v.offset += r.start * strides[axis];
      add_axis(v, r.count, r.step * strides[axis]);
    }
    close_axes(v);
    return v;
  }

  template <class T>
  static void forward(const Node& n) {
    gather_any(view(n), n.in[0].dtype, n.in[0].data, n.out[0].data);
  }

  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    const bool accumulate = n.in[0].accumulate;
    if (!accumulate) __builtin_memset(dx, 0, elements(n.in[0].shape) * sizeof(T));
    scatter_view(view(n), grad<T>(n.out[0]), dx, accumulate);
  }
};

}  // namespace
extern const Op slice;
const Op slice = op_of<Slice>("slice");
}  // namespace fastnn::FASTNN_ISA
