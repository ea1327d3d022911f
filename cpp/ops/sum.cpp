// Sum over axes:  y = sum x,  dx = dy
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct SumOp {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n);
    n.scratch_bytes = reduce_scratch(reduction_of_node(n));
  }

  template <class T>
  static void forward(const Node& n) {
    reduce(Reducer::kSum, reduction_of_node(n), stored(data<T>(n.in[0])), n.scratch,
           elements(n.in[0].shape) * 0.12, store_sum(out_data<T>(n.out[0]), false));
  }

  template <class T>
  static void backward(const Node& n) {
    const T* dy = grad<T>(n.out[0]);
    spread<T>(n, 0.2, [=](T, int64_t o) { return dy[o]; });
  }
};

}  // namespace
extern const Op sum;
const Op sum = op_of<SumOp>("sum");
}  // namespace fastnn::FASTNN_ISA
