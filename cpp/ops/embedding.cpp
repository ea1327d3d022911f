// Rows by number:  y[..., :] = w[x[...], :],  dw[v] = sum of dy where x = v, in the order of x
// A number that names no row gives a row of NaN, and no gradient.
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Embedding {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};

  [[gnu::cold]] static void infer(Node& n) {
    const Arg &x = n.in[0], &w = n.in[1];
    if (x.dtype != DType::kInt64) fail_type(n.where, "x must be int64, got %s", name_of(x.dtype));
    if (!is_real(w.dtype))
      fail_type(n.where, "w must be float32 or float64, got %s", name_of(w.dtype));
    if (w.shape.rank < 1) fail(n.where, "w must have at least 1 axis, got shape ()");
    if (x.shape.rank + w.shape.rank - 1 > kMaxRank)
      fail(n.where, "x and w must have at most %d axes together, got shapes %s and %s",
           kMaxRank + 1, text_of(x.shape).text, text_of(w.shape).text);
    Shape& y = n.out[0].shape;
    y = x.shape;
    for (int i = 1; i < w.shape.rank; ++i) y.dims[y.rank++] = w.shape[i];
    n.out[0].dtype = w.dtype;
    n.reads_in = 1u;
    n.reads_out = 0u;
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t count = elements(n.in[0].shape), rows = n.in[1].shape[0],
                  D = elements(n.in[1].shape, 1);
    const int64_t* x = data<int64_t>(n.in[0]);
    const T* w = data<T>(n.in[1]);
    T* y = out_data<T>(n.out[0]);
    parallel_chunks(count, 16384 / (D + 1) + 1, count * (3 + D * 0.2),
                    [=](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        T* to = y + i * D;
                        if (x[i] >= 0 && x[i] < rows)
                          __builtin_memcpy(to, w + x[i] * D, D * sizeof(T));
                        else
                          for (int64_t j = 0; j < D; ++j) to[j] = static_cast<T>(__builtin_nan(""));
                      }
                    });
  }

  // A task owns a range of rows of dw and reads all of x: the order of a row's sum is that of x.
  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape), rows = n.in[1].shape[0],
                  D = elements(n.in[1].shape, 1);
    const int64_t* x = data<int64_t>(n.in[0]);
    const T* dy = grad<T>(n.out[0]);
    T* dw = grad<T>(n.in[1]);
    if (!dw) return;
    const bool accumulate = n.in[1].accumulate;
    const int64_t wanted = (count + rows) * D / 16384 + 1, most = rows < 16 ? rows : 16;
    const int64_t tasks = wanted < most ? wanted : most;
    parallel(tasks, count * (tasks + D * 0.3) + rows * D * 0.1, [=](int64_t t) {
      const int64_t first = t * rows / tasks, last = (t + 1) * rows / tasks;
      if (!accumulate) __builtin_memset(dw + first * D, 0, (last - first) * D * sizeof(T));
      for (int64_t i = 0; i < count; ++i) {
        if (x[i] < first || x[i] >= last) continue;
        T* to = dw + x[i] * D;
        const T* from = dy + i * D;
#pragma omp simd
        for (int64_t j = 0; j < D; ++j) to[j] += from[j];
      }
    });
  }
};

}  // namespace
extern const Op embedding;
const Op embedding = op_of<Embedding>("embedding");
}  // namespace fastnn::FASTNN_ISA
