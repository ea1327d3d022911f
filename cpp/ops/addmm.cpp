// Matrix product added to a matrix:  y = beta c + alpha a b,  c broadcast to the shape of y
// Backward:  dc = beta dy, summed where c was repeated;  da = alpha dy b^T,  db = alpha a^T dy
// With beta = 0, c is not read: its NaN does not reach y.
#include "ops/matmul.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kBeta, kAlpha };

struct Addmm {
  static constexpr const char* attrs = "beta:real=1 alpha:real=1";
  static constexpr Operands kOperands{3, 3};

  static Product product(const Node& n) {
    Product p;
    p.m = elements(n.in[1].shape, 0, 1);
    p.k = n.in[1].shape[1];
    p.n = n.in[2].shape[1];
    return p;
  }

  static Reduction reduction(const Node& n) {
    bool kept[2];
    for (int i = 0; i < 2; ++i) kept[i] = aligned_dim(n.in[0].shape, 2, i) != 1;
    return reduction_of(n.out[0].shape, kept);
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg &c = n.in[0], &a = n.in[1], &b = n.in[2];
    if (!is_real(a.dtype))
      fail_type(n.where, "a must be float32 or float64, got %s", name_of(a.dtype));
    if (b.dtype != a.dtype)
      fail_type(n.where, "b must be %s because a is, got %s", name_of(a.dtype), name_of(b.dtype));
    if (c.dtype != a.dtype)
      fail_type(n.where, "c must be %s because a is, got %s", name_of(a.dtype), name_of(c.dtype));
    if (a.shape.rank != 2) fail(n.where, "a must have shape (M, P), got %s", text_of(a.shape).text);
    if (b.shape.rank != 2 || b.shape[0] != a.shape[1])
      fail(n.where, "b must have shape (%lld, K) because a has shape %s, got %s",
           static_cast<long long>(a.shape[1]), text_of(a.shape).text, text_of(b.shape).text);
    n.out[0].shape = Shape{2, {a.shape[0], b.shape[1]}};
    n.out[0].dtype = a.dtype;
    const Shape y = n.out[0].shape;
    bool fits = c.shape.rank <= 2;
    for (int i = 0; i < 2 && fits; ++i) {
      const int64_t own = aligned_dim(c.shape, 2, i);
      fits = own == 1 || own == y[i];
    }
    if (!fits)
      fail(n.where, "c must have a shape that broadcasts to %s, the shape of a b, got %s",
           text_of(y).text, text_of(c.shape).text);
    n.reads_in = 6u;
    n.reads_out = 0u;
    const Product p = product(n);
    n.flops = 2.0 * p.m * p.n * p.k;
    const bool wide = a.dtype == DType::kFloat64;
    const int64_t gemms = (wide ? product_scratch<double>(p) : product_scratch<float>(p)) +
                          align64(p.m * p.n * size_of(a.dtype));
    const int64_t sums = reduce_scratch(reduction(n));
    n.scratch_bytes = gemms > sums ? gemms : sums;
  }

  template <class T>
  static void forward(const Node& n) {
    const Product p = product(n);
    const T alpha = static_cast<T>(n.attr[kAlpha].real), beta = static_cast<T>(n.attr[kBeta].real);
    T* y = out_data<T>(n.out[0]);
    product_forward(p, data<T>(n.in[1]), data<T>(n.in[2]), y, n.scratch);
    if (alpha == T(1) && beta == T(0)) return;
    const Shape* operands[] = {&n.in[0].shape};
    const Broadcast b = broadcast_of(n.out[0].shape, operands, 1);
    const int64_t step = b.strides[0][b.rank - 1];
    const T* c = data<T>(n.in[0]);
    parallel_chunks(b.count, kBroadcastGrain, b.count * 0.3, [&](int64_t begin, int64_t end) {
      for_runs(b, begin, end, [&](int64_t at, int64_t count, const int64_t* offset) {
        T* to = y + at;
        const T* from = c + offset[0];
        if (beta == T(0)) {
#pragma omp simd
          for (int64_t i = 0; i < count; ++i) to[i] *= alpha;
        } else if (step) {
#pragma omp simd
          for (int64_t i = 0; i < count; ++i) to[i] = alpha * to[i] + beta * from[i];
        } else {
          const T v = beta * *from;
#pragma omp simd
          for (int64_t i = 0; i < count; ++i) to[i] = alpha * to[i] + v;
        }
      });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const Product p = product(n);
    const T alpha = static_cast<T>(n.attr[kAlpha].real);
    const int64_t count = p.m * p.n;
    const T* dy = grad<T>(n.out[0]);
    if (T* dc = grad<T>(n.in[0]))
      reduce(Reducer::kSum, reduction(n), stored(dy), n.scratch, count * 0.3,
             store_sum(dc, n.in[0].accumulate, n.attr[kBeta].real));
    char* scratch = static_cast<char*>(n.scratch);
    if (alpha != T(1)) {
      T* scaled = reinterpret_cast<T*>(scratch);
      scratch += align64(count * sizeof(T));
      parallel_chunks(count, kBroadcastGrain, count * 0.3, [=](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) scaled[i] = alpha * dy[i];
      });
      dy = scaled;
    }
    product_backward<T>(p, data<T>(n.in[1]), data<T>(n.in[2]), dy, grad<T>(n.in[1]),
                        n.in[1].accumulate, grad<T>(n.in[2]), n.in[2].accumulate, scratch);
  }
};

}  // namespace
extern const Op addmm;
const Op addmm = op_of<Addmm>("addmm");
}  // namespace fastnn::FASTNN_ISA
