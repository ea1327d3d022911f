// Variance over axes:  y = sum (x - mean x)^2 / (count - correction),  dx = 2 dy (x - mean) / (...)
// Two passes: the mean is known before deviations are squared. NaN where count <= correction.
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Var {
  static constexpr const char* attrs = "axis:ints keepdims:int=0 correction:real=1";

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n);
    if (!(n.attr[2].real >= 0)) fail(n.where, "correction must be >= 0, got %g", n.attr[2].real);
    n.reads_in = 1u;
    n.flops *= 3;
    n.n_saved = 1;
    n.saved[0].shape = n.out[0].shape;
    n.saved[0].dtype = n.out[0].dtype;
    n.scratch_bytes = reduce_scratch(reduction_of_node(n));
  }

  static double divisor(const Node& n, const Reduction& r) {
    const double d = static_cast<double>(r.terms) - n.attr[2].real;
    return d > 0 ? d : __builtin_nan("");
  }

  template <class T>
  static void forward(const Node& n) {
    const Reduction r = reduction_of_node(n);
    const Broadcast b = layout_of_node(n);
    const T* x = data<T>(n.in[0]);
    T *mean = out_data<T>(n.saved[0]), *y = out_data<T>(n.out[0]);
    const double count = static_cast<double>(r.terms), d = divisor(n, r);
    reduce(Reducer::kSum, r, stored(x), n.scratch, b.count * 0.12,
           [=](int64_t k, double sum) { mean[k] = static_cast<T>(sum / count); });
    const auto square = [=](T v, int64_t o) { return (v - mean[o]) * (v - mean[o]); };
    const auto terms = with_result<T>(b, x, square);
    reduce(Reducer::kSum, r, computed<T>(terms), n.scratch, b.count * 0.3,
           [=](int64_t k, double sum) { y[k] = static_cast<T>(sum / d); });
  }

  template <class T>
  static void backward(const Node& n) {
    const T *mean = data<T>(n.saved[0]), *dy = grad<T>(n.out[0]);
    const T scale = static_cast<T>(2 / divisor(n, reduction_of_node(n)));
    spread<T>(n, 0.3, [=](T v, int64_t o) { return scale * dy[o] * (v - mean[o]); });
  }
};

}  // namespace
extern const Op var;
const Op var = op_of<Var>("var");
}  // namespace fastnn::FASTNN_ISA
