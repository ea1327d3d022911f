// Dense layer:  y = act(x w^T + b),  x (..., D), w (K, D), b (K,), y (..., K)
// Backward, with dz = dy act'(y):  dx = dz w,  dw = dz^T x,  db = sum over rows of dz
// For inference, batch_norm behind it may be folded in (folded.h).
#include "ops/dense.h"
#include "ops/descent.h"
#include "ops/epilogue.h"
#include "ops/folded.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kActivation, kAlpha, kEps };

bool has_norm(const Node& n) { return n.attr[kEps].real != 0; }
int norm_at(const Node& n) { return n.n_in - (has_norm(n) ? kNormOperands : 0); }
bool has_bias(const Node& n) { return norm_at(n) > 2; }

DenseSizes sizes(const Node& n) {
  const Shape& x = n.in[0].shape;
  return {elements(x, 0, x.rank - 1), x[x.rank - 1], n.in[1].shape[0]};
}

// Few rows wait for the weights in memory: to round those takes longer than it saves (AlexNet,
// batch 16: 8 ms of 246).
Precision precision_of(const Node& n) {
  constexpr int64_t kFew = 32;
  return sizes(n).rows < kFew ? Precision::kFull : n.precision;
}

template <class T>
Gemm<T> forward_gemm(const Node& n) {
  Gemm<T> g = dense_gemm(sizes(n), data<T>(n.in[0]), data<T>(n.in[1]), out_data<T>(n.out[0]));
  g.bias = has_bias(n) ? data<T>(n.in[2]) : nullptr;
  if (has_norm(n) && n.scratch) {
    g.scale = static_cast<const T*>(n.scratch);
    g.bias = g.scale + g.n;
  }
  g.precision = precision_of(n);
  g.activation = static_cast<Activation>(n.attr[kActivation].ints[0]);
  g.alpha = n.attr[kAlpha].real;
  return g;
}

template <class T>
Gemm<T> dx_gemm(const Node& n, const T* dz) {
  Gemm<T> g = dense_dx_gemm(sizes(n), dz, data<T>(n.in[1]), grad<T>(n.in[0]));
  g.precision = precision_of(n);
  g.accumulate = n.in[0].accumulate;
  return g;
}

template <class T>
Gemm<T> dw_gemm(const Node& n, const T* dz) {
  Gemm<T> g = dense_dw_gemm(sizes(n), dz, data<T>(n.in[0]), grad<T>(n.in[1]));
  g.precision = precision_of(n);
  g.accumulate = n.in[1].accumulate;
  return g;
}

Epilogue epilogue(const Node& n) {
  const DenseSizes s = sizes(n);
  return {s.rows, s.K, static_cast<Activation>(n.attr[kActivation].ints[0]), n.attr[kAlpha].real};
}

template <class T>
void set_scratch(Node& n) {
  const Epilogue e = epilogue(n);
  n.scratch_bytes = gemm_scratch(forward_gemm<T>(n));
  if (has_norm(n)) n.scratch_bytes += folded_bytes(e.K, sizeof(T));
  const int64_t dx = gemm_scratch(dx_gemm<T>(n, nullptr));
  const int64_t dw = gemm_scratch(dw_gemm<T>(n, nullptr));
  n.dz_bytes = dz_bytes<T>(e);
  n.reverse_bytes = n.dz_bytes + most(most(dx, dw), db_scratch(e));
  // With so many rows the products alone fill the time.
  constexpr int64_t kMostRows = 256;
  n.can_descend = e.rows > 0 && e.rows <= kMostRows;
  if (n.can_descend) n.descent_bytes = DenseDescent<T>(dw_gemm<T>(n, nullptr)).scratch();
}

struct Linear {
  static constexpr const char* attrs = "activation:int=0 alpha:real=0 eps:real=0";
  static constexpr Operands kOperands{2, 3 + kNormOperands};

  [[gnu::cold]] static void infer(Node& n) {
    check_own(n, norm_at(n));
    const Arg& x = n.in[0];
    const Arg& w = n.in[1];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (w.dtype != x.dtype)
      fail_type(n.where, "w must be %s because x is, got %s", name_of(x.dtype), name_of(w.dtype));
    if (x.shape.rank < 1) fail(n.where, "x must have at least 1 axis, got shape ()");
    if (has_bias(n) && n.in[2].dtype != x.dtype)
      fail_type(n.where, "b must be %s because x is, got %s", name_of(x.dtype),
                name_of(n.in[2].dtype));
    const int64_t kind = n.attr[kActivation].ints[0];
    if (kind < 0 || kind > kLastActivation)
      fail(n.where, "activation must be a number from 0 to %d, got %lld", kLastActivation,
           static_cast<long long>(kind));
    const int64_t D = x.shape[x.shape.rank - 1];
    if (x.shape.rank == 1 && D == kBatch)
      fail(n.where, "x must have features on its last axis, got shape (N,); reshape it to (N, 1)");
    if (w.shape.rank != 2 || w.shape[1] != D)
      fail(n.where, "w must have shape (K, %lld) because x has shape %s, got %s",
           static_cast<long long>(D), text_of(x.shape).text, text_of(w.shape).text);
    const int64_t K = w.shape[0];
    if (has_bias(n) && (n.in[2].shape.rank != 1 || n.in[2].shape[0] != K))
      fail(n.where, "b must have shape (%lld,) because w has shape %s, got %s",
           static_cast<long long>(K), text_of(w.shape).text, text_of(n.in[2].shape).text);
    n.forward_only = has_norm(n);
    if (has_norm(n)) check_folded(n, n.in + norm_at(n), K);
    n.out[0].shape = x.shape;
    n.out[0].shape.dims[x.shape.rank - 1] = K;
    n.out[0].dtype = x.dtype;
    n.reads_in = 3u;
    n.reads_out = n.attr[kActivation].ints[0] ? 1u : 0u;
    n.flops = 2.0 * elements(x.shape) * K;
    x.dtype == DType::kFloat32 ? set_scratch<float>(n) : set_scratch<double>(n);
  }

  template <class T>
  static void forward(const Node& n) {
    char* scratch = static_cast<char*>(n.scratch);
    const Gemm<T> g = forward_gemm<T>(n);
    if (has_norm(n)) {
      fold(n.in + norm_at(n), n.attr[kEps].real, has_bias(n) ? data<T>(n.in[2]) : nullptr, g.n,
           static_cast<T*>(n.scratch));
      scratch += folded_bytes(g.n, sizeof(T));
    }
    gemm(g, scratch);
  }

  template <class T>
  static void backward(const Node& n) {
    const Epilogue e = epilogue(n);
    char* scratch = static_cast<char*>(n.scratch);
    const T* dz = epilogue_backward<T>(n, e, scratch);
    if (n.in[1].grad && !n.descends) gemm(dw_gemm<T>(n, dz), scratch);
    if (n.in[0].grad) gemm(dx_gemm<T>(n, dz), scratch);
  }

  template <class T>
  static double bound(const Node& n) {
    return dense_bound<T>(sizes(n).rows, n.in[0], n.out[0]);
  }

  template <class T>
  static void descend(const Node& n, const Optimizer& optimizer, Update& u) {
    const Gemm<T> dw = dw_gemm<T>(n, grad<T>(n.out[0]));
    if (is_plain(optimizer, u))
      descend_plainly(dw, grad<T>(n.out[0]), u, n.scratch);
    else
      DenseDescent<T>(dw).run(optimizer, u, n.scratch);
  }
};

}  // namespace

extern const Op linear;
const Op linear = op_of<Linear>("linear");
}  // namespace fastnn::FASTNN_ISA
