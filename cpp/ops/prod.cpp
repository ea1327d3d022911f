// Product over axes:  y = prod x,  dx_i = dy prod_{j != i} x_j, exact where x holds zeros
#include "ops/reduction.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
struct Product {
  using Acc = double;
  static constexpr bool kFolds = false;
  static Acc zero() { return 1; }
  static Acc join(Acc a, Acc b) { return a * b; }

  static Acc row(const T* p, int64_t n) {
    double product = 1;
#pragma omp simd reduction(* : product)
    for (int64_t i = 0; i < n; ++i) product *= static_cast<double>(p[i]);
    return product;
  }

  static void rows(Acc* acc, const T* const* rows, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
      const T* row = rows[i];
#pragma omp simd
      for (int64_t j = 0; j < n; ++j) acc[j] *= static_cast<double>(row[j]);
    }
  }
};

struct Prod {
  static constexpr const char* attrs = kReductionAttrs;

  static void infer(Node& n) {
    infer_reduction(n);
    n.reads_in = 1u;
    const Reduction r = reduction_of_node(n);
    const int64_t forward = reduce_scratch<Product<float>, Stored<float>>(r);
    const int64_t backward = reduce_scratch<Sum<float>, WithResult<float, float, int>>(r);
    n.scratch_bytes = 16 * r.outputs + (forward > backward ? forward : backward);
  }

  template <class T>
  static void forward(const Node& n) {
    T* y = out_data<T>(n.out[0]);
    reduce<Product<T>, T>(reduction_of_node(n), Stored<T>{data<T>(n.in[0])}, n.scratch,
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
    reduce<Product<T>, T>(
        r, with_result<T>(b, x, [](T v, int64_t) { return v == T(0) ? T(1) : v; }), rest,
        b.count * 0.4,
        [=](int64_t k, double product) { others[k] = static_cast<T>(product * dy[k]); });
    reduce<Sum<T>, T>(r, with_result<T>(b, x, [](T v, int64_t) { return v == T(0) ? T(1) : T(0); }),
                      rest, b.count * 0.3,
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
