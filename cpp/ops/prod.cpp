// Product over axes:  y = prod x,  dx_i = dy prod_{j != i} x_j, exact where x holds zeros
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Prod {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n);
    n.reads_in = 1u;
    const Reduction r = reduction_of_node(n);
    n.scratch_bytes = 16 * r.outputs + reduce_scratch(r);
  }

  template <class T>
  static void forward(const Node& n) {
    T* y = out_data<T>(n.out[0]);
    reduce(Reducer::kProduct, reduction_of_node(n), stored(data<T>(n.in[0])), n.scratch,
           elements(n.in[0].shape) * 0.3,
           [=](int64_t k, double product) { y[k] = static_cast<T>(product); });
  }

  // With one zero only its own slope is not 0: the product of the others. With two none is.
  template <class T>
  static void backward(const Node& n) {
    const Reduction r = reduction_of_node(n);
    const Broadcast b = layout_of_node(n);
    const T *x = data<T>(n.in[0]), *dy = grad<T>(n.out[0]);
    T* others = static_cast<T*>(n.scratch);  // dy times the product of what is not 0
    T* zeros = others + r.outputs;
    char* rest = static_cast<char*>(n.scratch) + 16 * r.outputs;
    const auto factors = with_result<T>(b, x, [](T v, int64_t) { return v == T(0) ? T(1) : v; });
    reduce(Reducer::kProduct, r, computed<T>(factors), rest, b.count * 0.4,
           [=](int64_t k, double product) { others[k] = static_cast<T>(product * dy[k]); });
    const auto is_zero = with_result<T>(b, x, [](T v, int64_t) { return v == T(0) ? T(1) : T(0); });
    reduce(Reducer::kSum, r, computed<T>(is_zero), rest, b.count * 0.3,
           [=](int64_t k, double count) { zeros[k] = static_cast<T>(count); });
    spread<T>(n, 0.5, [=](T v, int64_t o) {
      const T slope = others[o] / (v == T(0) ? T(1) : v);
      return zeros[o] == (v == T(0) ? T(1) : T(0)) ? slope : T(0);
    });
  }
};

}  // namespace
extern const Op prod;
const Op prod = op_of<Prod>("prod");
}  // namespace fastnn::FASTNN_ISA
