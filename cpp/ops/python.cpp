// A forward and backward pass from outside the core (Node::callback), at a fixed place in a graph.
// The attributes say what it gives: shape0, shape1, ... of its outputs (-1 as first length is the
// batch, that of the first input that has axes) and their dtype (number of DType; by default the
// first input's).
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kOutputs, kType, kShape };

struct Python {
  static constexpr const char* attrs =
      "outputs:int=1 dtype:int=-1 shape0:ints shape1:ints shape2:ints shape3:ints";
  static constexpr Operands kOperands = kAnyNumber;

  static int64_t batch_of(const Node& n) {
    for (int i = 0; i < n.n_in; ++i)
      if (n.in[i].shape.rank > 0) return n.in[i].shape[0];
    return kBatch;
  }

  [[gnu::cold]] static void infer(Node& n) {
    const int64_t outputs = n.attr[kOutputs].ints[0], type = n.attr[kType].ints[0];
    if (outputs < 1 || outputs > kMaxOut)
      fail(n.where, "outputs must be between 1 and %d, got %lld", kMaxOut,
           static_cast<long long>(outputs));
    if (type < -1 || type > static_cast<int64_t>(DType::kUint8))
      fail(n.where, "dtype must be the number of a dtype, 0 to 3, got %lld",
           static_cast<long long>(type));
    const DType given = n.n_in > 0 && is_real(n.in[0].dtype) ? n.in[0].dtype : DType::kFloat32;
    n.n_out = static_cast<int>(outputs);
    for (int i = 0; i < n.n_out; ++i) {
      const Attr& shape = n.attr[kShape + i];
      if (shape.count > kMaxRank)
        fail(n.where, "shape%d must have at most %d axes, got %lld", i, kMaxRank,
             static_cast<long long>(shape.count));
      Shape& y = n.out[i].shape;
      y = Shape{};
      for (int a = 0; a < shape.count; ++a) {
        if (shape.ints[a] < -1 || (shape.ints[a] == -1 && a > 0))
          fail(n.where,
               "shape%d must hold lengths >= 0, or -1 for the batch first, got %lld for axis %d", i,
               static_cast<long long>(shape.ints[a]), a);
        y.dims[y.rank++] = shape.ints[a] == -1 ? batch_of(n) : shape.ints[a];
      }
      n.out[i].dtype = type < 0 ? given : static_cast<DType>(type);
    }
  }

  // Without a callback the outputs are NaN (0 for integers): a graph that lost its Python code
  // shows it.
  template <class T>
  static void forward(const Node& n) {
    if (const auto* callback = static_cast<const Callback*>(n.callback))
      return callback->forward(callback->self, n);
    for (int i = 0; i < n.n_out; ++i) {
      const int64_t count = elements(n.out[i].shape);
      if (n.out[i].dtype == dtype_of<T>)
        for (int64_t j = 0; j < count; ++j)
          out_data<T>(n.out[i])[j] = static_cast<T>(__builtin_nan(""));
      else
        __builtin_memset(n.out[i].data, 0, count * size_of(n.out[i].dtype));
    }
  }

  template <class T>
  static void backward(const Node& n) {
    if (const auto* callback = static_cast<const Callback*>(n.callback))
      return callback->backward(callback->self, n);
    for (int i = 0; i < n.n_in; ++i)
      if (n.in[i].grad && !n.in[i].accumulate)
        __builtin_memset(n.in[i].grad, 0, elements(n.in[i].shape) * size_of(n.in[i].dtype));
  }
};

}  // namespace
extern const Op python;
const Op python = op_of<Python>("python");
}  // namespace fastnn::FASTNN_ISA
