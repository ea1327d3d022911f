// Quadratic cost of the lectures, averaged over the batch:  loss = 1/(2N) sum (a - y)^2
// Backward:  da = (a - y) / N
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Quadratic {
  static constexpr const char* attrs = "";

  static void infer(Node& n) {
    const Arg& a = n.in[0];
    const Arg& y = n.in[1];
    if (!(a.shape == y.shape))
      fail(n.where, "y must have shape %s because a has, got %s", text_of(a.shape).text,
           text_of(y.shape).text);
    n.out[0].shape = Shape{};
    n.out[0].dtype = a.dtype;
    n.reads_in = 3u;
    n.reads_out = 0u;
    n.flops = 3.0 * elements(a.shape);
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T* a = data<T>(n.in[0]);
    const T* y = data<T>(n.in[1]);
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i] - y[i]) * (a[i] - y[i]);
    *out_data<T>(n.out[0]) = static_cast<T>(sum / (2.0 * n.in[0].shape[0]));
  }

  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T* a = data<T>(n.in[0]);
    const T* y = data<T>(n.in[1]);
    const T scale = *grad<T>(n.out[0]) / static_cast<T>(n.in[0].shape[0]);
    T* da = grad<T>(n.in[0]);
    const bool accumulate = n.in[0].accumulate;
    if (da)
#pragma omp simd
      for (int64_t i = 0; i < count; ++i)
        da[i] = (accumulate ? da[i] : T(0)) + (a[i] - y[i]) * scale;
  }
};

}  // namespace
extern const Op quadratic;
const Op quadratic = op_of<Quadratic>("quadratic");
}  // namespace fastnn::FASTNN_ISA
