// Elements by position along an axis:  y[o, i, k] = x[o, index[o, i, k], k]  (axis in the middle)
// Backward: dx[o, index[o, i, k], k] += dy[o, i, k], in the order of i. A position outside the axis
// gives NaN, and no gradient.
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Gather {
  static constexpr const char* attrs = "dim:int";
  static constexpr Operands kOperands{2, 2};
  static constexpr int64_t kBlock = 64;  // of k, per task

  struct Sizes {
    int64_t outer, length, picks, inner, blocks;
  };

  static int axis_of(const Node& n) {
    return static_cast<int>(n.attr[0].ints[0] + (n.attr[0].ints[0] < 0 ? n.in[0].shape.rank : 0));
  }

  static Sizes sizes(const Node& n) {
    const Shape& x = n.in[0].shape;
    const int axis = axis_of(n);
    const int64_t inner = elements(x, axis + 1);
    return {elements(x, 0, axis), elements(x, axis, axis + 1),
            elements(n.in[1].shape, axis, axis + 1), inner, (inner + kBlock - 1) / kBlock};
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg &x = n.in[0], &index = n.in[1];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (index.dtype != DType::kInt64)
      fail_type(n.where, "index must be int64, got %s", name_of(index.dtype));
    const int rank = x.shape.rank;
    const int64_t given = n.attr[0].ints[0];
    if (given < -rank || given >= rank)
      fail(n.where, "dim must be between %d and %d because x has shape %s, got %lld", -rank,
           rank - 1, text_of(x.shape).text, static_cast<long long>(given));
    const int axis = axis_of(n);
    bool fits = index.shape.rank == rank;
    for (int i = 0; i < rank && fits; ++i) fits = i == axis || index.shape[i] == x.shape[i];
    if (!fits)
      fail(n.where, "index must have the shape of x, %s, but for axis %d, got %s",
           text_of(x.shape).text, axis, text_of(index.shape).text);
    n.out[0].shape = index.shape;
    n.out[0].dtype = x.dtype;
    n.reads_in = 2u;
    n.reads_out = 0u;
  }

  // f(flat index of the pick, flat index of the element, or -1) for the picks of task t, i
  // ascending.
  template <class F>
  static void for_picks(const Node& n, const Sizes& s, int64_t t, const F& f) {
    const int64_t* index = data<int64_t>(n.in[1]);
    const int64_t o = t / s.blocks, first = t % s.blocks * kBlock;
    const int64_t last = first + kBlock < s.inner ? first + kBlock : s.inner;
    for (int64_t i = 0; i < s.picks; ++i)
      for (int64_t k = first; k < last; ++k) {
        const int64_t at = (o * s.picks + i) * s.inner + k, p = index[at];
        f(at, p >= 0 && p < s.length ? (o * s.length + p) * s.inner + k : int64_t{-1});
      }
  }

  template <class T>
  static void forward(const Node& n) {
    const Sizes s = sizes(n);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    parallel_chunks(s.outer * s.blocks, 4096 / (s.picks * kBlock + 1) + 1,
                    elements(n.out[0].shape) * 1.5, [&](int64_t begin, int64_t end) {
                      for (int64_t t = begin; t < end; ++t)
                        for_picks(n, s, t, [=](int64_t at, int64_t from) {
                          y[at] = from < 0 ? static_cast<T>(__builtin_nan("")) : x[from];
                        });
                    });
  }

  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    const Sizes s = sizes(n);
    const T* dy = grad<T>(n.out[0]);
    if (!n.in[0].accumulate) __builtin_memset(dx, 0, elements(n.in[0].shape) * sizeof(T));
    parallel_chunks(s.outer * s.blocks, 4096 / (s.picks * kBlock + 1) + 1,
                    elements(n.out[0].shape) * 1.5, [&](int64_t begin, int64_t end) {
                      for (int64_t t = begin; t < end; ++t)
                        for_picks(n, s, t, [=](int64_t at, int64_t to) {
                          if (to >= 0) dx[to] += dy[at];
                        });
                    });
  }
};

}  // namespace
extern const Op gather;
const Op gather = op_of<Gather>("gather");
}  // namespace fastnn::FASTNN_ISA
