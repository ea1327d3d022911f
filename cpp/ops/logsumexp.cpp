// Logarithm of a sum of exponentials over axes:  y = m + log sum exp(x - m),  m = max x
// Backward:  dx = dy exp(x - y), 0 where y is -infinity
#include "ops/reduction.h"
#include "simd/math.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct LogSumExp {
  static constexpr const char* attrs = kReductionAttrs;

  [[gnu::cold]] static void infer(Node& n) {
    infer_reduction(n, 1);
    n.reads_in = 1u;
    n.reads_out = 1u;
    n.flops *= 4;
    n.scratch_bytes = reduce_scratch(reduction_of_node(n));
  }

  template <class T>
  static void forward(const Node& n) {
    const Reduction r = reduction_of_node(n);
    const Broadcast b = layout_of_node(n);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);  // first the maximum, or 0 where that is infinite
    reduce(Reducer::kMax, r, stored(x), n.scratch, b.count * 0.15,
           [=](int64_t k, double most) { y[k] = static_cast<T>(most - most == 0 ? most : 0); });
    const auto terms = with_result<T>(b, x, [=](T v, int64_t o) { return simd::exp(v - y[o]); });
    reduce(Reducer::kSum, r, computed<T>(terms), n.scratch, b.count * 1.5,
           [=](int64_t k, double sum) {
             y[k] = static_cast<T>(static_cast<double>(y[k]) + simd::log(sum));
           });
  }

  template <class T>
  static void backward(const Node& n) {
    const T *y = data<T>(n.out[0]), *dy = grad<T>(n.out[0]);
    const T lowest = static_cast<T>(-__builtin_inf());
    spread<T>(n, 1.5, [=](T v, int64_t o) {
      const T slope = dy[o] * simd::exp(v - y[o]);  // as in norm.cpp: no branch
      return y[o] == lowest ? T(0) : slope;
    });
  }
};

}  // namespace
extern const Op logsumexp;
const Op logsumexp = op_of<LogSumExp>("logsumexp");
}  // namespace fastnn::FASTNN_ISA
