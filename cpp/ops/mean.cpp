// Mean over axes:  y = sum x / count,  dx = dy / count. The mean of nothing is NaN.
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Mean {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n);
    n.scratch_bytes = reduce_scratch(reduction_of_node(n));
  }

  template <class T>
  static void forward(const Node& n) {
    const Reduction r = reduction_of_node(n);
    T* y = out_data<T>(n.out[0]);
    const double count = static_cast<double>(r.terms);
    reduce(Reducer::kSum, r, stored(data<T>(n.in[0])), n.scratch, elements(n.in[0].shape) * 0.12,
           [=](int64_t k, double sum) { y[k] = static_cast<T>(sum / count); });
  }

  template <class T>
  static void backward(const Node& n) {
    const T* dy = grad<T>(n.out[0]);
    const T scale = static_cast<T>(1.0 / reduction_of_node(n).terms);
    spread<T>(n, 0.2, [=](T, int64_t o) { return dy[o] * scale; });
  }
};

}  // namespace
extern const Op mean;
const Op mean = op_of<Mean>("mean");
}  // namespace fastnn::FASTNN_ISA
