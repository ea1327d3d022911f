// Euclidean norm over axes:  y = sqrt(sum x^2),  dx = dy x / y, 0 where y = 0
// Squares are double: float32 norms neither overflow nor vanish.
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
struct Squares {
  const T* x;
  const double* segment(int64_t at, int64_t n, double* buffer) const {
    const T* from = x + at;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
      buffer[i] = static_cast<double>(from[i]) * static_cast<double>(from[i]);
    return buffer;
  }
};

struct Norm {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n);
    n.reads_in = 1u;
    n.reads_out = 1u;
    n.flops *= 2;
    n.scratch_bytes = reduce_scratch(reduction_of_node(n));
  }

  template <class T>
  static void forward(const Node& n) {
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    reduce(Reducer::kSum, reduction_of_node(n), computed<double>(Squares<T>{x}), n.scratch,
           elements(n.in[0].shape) * 0.3,
           [=](int64_t k, double sum) { y[k] = static_cast<T>(__builtin_sqrt(sum)); });
  }

  template <class T>
  static void backward(const Node& n) {
    const T *y = data<T>(n.out[0]), *dy = grad<T>(n.out[0]);
    spread<T>(n, 0.4, [=](T v, int64_t o) {
      const T slope = dy[o] * (v / y[o]);  // not in a branch: the loop would not be vectorised
      return y[o] == T(0) ? T(0) : slope;
    });
  }
};

}  // namespace
extern const Op norm;
const Op norm = op_of<Norm>("norm");
}  // namespace fastnn::FASTNN_ISA
