// x repeated to a larger shape by NumPy's rules; dx = dy summed over the repeats. In attribute
// shape, -1 keeps the axis of x (None, the batch, in Python).
#include "ops/broadcast.h"
#include "ops/reduce.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct BroadcastTo {
  static constexpr const char* attrs = "shape:ints";

  static Reduction reduction(const Node& n) {
    const Shape& out = n.out[0].shape;
    bool kept[kMaxRank];
    for (int i = 0; i < out.rank; ++i) kept[i] = aligned_dim(n.in[0].shape, out.rank, i) != 1;
    return reduction_of(out, kept);
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const Attr& shape = n.attr[0];
    Shape& y = n.out[0].shape;
    y = Shape{};
    bool fits = shape.count >= x.shape.rank && shape.count <= kMaxRank;
    for (int i = 0; i < shape.count && fits; ++i) {
      const int64_t own = aligned_dim(x.shape, static_cast<int>(shape.count), i);
      y.dims[y.rank++] = shape.ints[i] == -1 ? own : shape.ints[i];
      fits = own == 1 || own == y[i];
    }
    if (!fits) {
      Shape asked;
      asked.rank = shape.count < kMaxRank ? static_cast<int>(shape.count) : kMaxRank;
      for (int i = 0; i < asked.rank; ++i) asked.dims[i] = shape.ints[i];
      fail(n.where, "shape must be one that x of shape %s broadcasts to, got %s",
           text_of(x.shape).text, text_of(asked).text);
    }
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
    n.reverse_bytes = reduce_scratch(reduction(n));
  }

  template <class T>
  static void forward(const Node& n) {
    const Shape* operands[] = {&n.in[0].shape};
    const Broadcast b = broadcast_of(n.out[0].shape, operands, 1);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    const int64_t step = b.strides[0][b.rank - 1];
    parallel_chunks(b.count, kBroadcastGrain, b.count * 0.2, [&](int64_t begin, int64_t end) {
      for_runs(b, begin, end, [&](int64_t at, int64_t count, const int64_t* offset) {
        const T* from = x + offset[0];
        if (step)
          store_grad(y + at, count, false, [=](int64_t i) { return from[i]; });
        else
          store_grad(y + at, count, false, [v = *from](int64_t) { return v; });
      });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    if (T* dx = grad<T>(n.in[0]))
      reduce(Reducer::kSum, reduction(n), stored<T>(grad<T>(n.out[0])), n.scratch,
             elements(n.out[0].shape) * 0.15, store_sum(dx, n.in[0].accumulate));
  }
};

}  // namespace
extern const Op broadcast_to;
const Op broadcast_to = op_of<BroadcastTo>("broadcast_to");
}  // namespace fastnn::FASTNN_ISA
