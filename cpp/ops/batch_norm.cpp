// Batch normalisation over all but the last axis, C channels:
//   y = act((x - mean) scale + bias [+ residual]),  scale = weight / sqrt(var + eps)
// In training mean and var (biased) are the batch's, and the running ones move towards them,
// running += momentum (batch's - running), with the unbiased var; else mean and var are the running
// ones. act is none or ReLU. Backward, with g = dy act'(y), d = x - mean, M pixels, s = sum g, q =
// sum g d:
//   dbias = s,  dweight = q / sqrt(var + eps),  dx = scale (g - s / M - d q / (M (var + eps)))
// and dresidual = g. ReLU's slope is found again from x: that reads one array less than y would be.
// With a residual, which a Plan puts here (graph/fuse.h), it is found from y.
// Sums are of x less a mean of a few pixels: no digits are lost where the mean is far from 0.
#include "ops/channels.h"
#include "ops/columns.h"
#include "ops/numbers.h"
#include "simd/activation.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kX, kWeight, kBias, kMean, kVar, kResidual };
enum { kMomentum, kEps, kFused };

constexpr int64_t kSamples = 16;  // pixels of the first guess of the mean
constexpr int64_t kPatterns = 5;  // rows of numbers per channel

int64_t pixels_of(const Shape& x) { return elements(x, 0, x.rank - 1); }
int64_t channels_of(const Node& n) { return n.in[kX].shape[n.in[kX].shape.rank - 1]; }
bool has_residual(const Node& n) { return n.n_in > kResidual; }

template <class T>
int64_t scratch_of(const Shape& x) {
  const Columns m = columns_of<T>(pixels_of(x), x[x.rank - 1]);
  return sums_bytes(m) + kPatterns * m.width * static_cast<int64_t>(sizeof(T));
}

// Working memory: sums of all tasks, then rows of numbers per channel.
template <class T>
struct Work {
  Columns m;
  double* sums;
  T* rows;

  explicit Work(const Node& n)
      : m(columns_of<T>(pixels_of(n.in[kX].shape), channels_of(n))),
        sums(static_cast<double*>(n.scratch)),
        rows(reinterpret_cast<T*>(static_cast<char*>(n.scratch) + sums_bytes(m))) {}
  T* row(int i) const { return rows + i * m.width; }
};

template <class T>
struct Statistics {
  T *mean, *inverse;  // 1 / sqrt(var + eps)
  explicit Statistics(const Node& n)
      : mean(out_data<T>(n.saved[0])), inverse(out_data<T>(n.saved[1])) {}
};

// Of the batch, and the running ones after it.
template <class T>
void batch_statistics(const Node& n, const Work<T>& w, const Statistics<T>& to) {
  const Columns& m = w.m;
  const Numbers<T> x = numbers<T>(n, n.in[kX]);
  T* guess = w.row(0);
  repeat(m, guess, [=](int64_t c) {
    double sum = 0;
    for (int64_t i = 0; i < kSamples; ++i)
      sum += static_cast<double>(x.template get<T>(i * m.pixels / kSamples * m.C + c));
    return sum / kSamples;
  });
  const auto term = [=](int64_t at, int64_t column, auto& s, auto& q) {
    using V = typename ValueOf<decltype(s)>::type;
    const V d = x.template get<V>(at) - get<V>(guess + column);
    s += d;
    q += d * d;
  };
  sum_columns<T>(m, 0.12, term, w.sums);
  const double M = static_cast<double>(m.pixels), eps = n.attr[kEps].real;
  const double momentum = n.attr[kMomentum].real;
  for (int64_t c = 0; c < m.C; ++c) {
    const double off = w.sums[c] / M;
    const double square = w.sums[m.width + c] / M - off * off;
    const double var = square < 0 ? 0 : square;  // NaN stays
    const double mean = static_cast<double>(guess[c]) + off;
    to.mean[c] = static_cast<T>(mean);
    to.inverse[c] = static_cast<T>(1 / __builtin_sqrt(var + eps));
    const double old_mean = static_cast<double>(data<T>(n.in[kMean])[c]);
    const double old_var = static_cast<double>(data<T>(n.in[kVar])[c]);
    out_data<T>(n.out[1])[c] = static_cast<T>(old_mean + momentum * (mean - old_mean));
    out_data<T>(n.out[2])[c] = static_cast<T>(old_var + momentum * (var * M / (M - 1) - old_var));
  }
}

// The running ones, which stay.
template <class T>
void running_statistics(const Node& n, const Statistics<T>& to) {
  for (int64_t c = 0; c < channels_of(n); ++c) {
    const T mean = data<T>(n.in[kMean])[c], var = data<T>(n.in[kVar])[c];
    to.mean[c] = mean;
    to.inverse[c] =
        static_cast<T>(1 / __builtin_sqrt(static_cast<double>(var) + n.attr[kEps].real));
    out_data<T>(n.out[1])[c] = mean;
    out_data<T>(n.out[2])[c] = var;
  }
}

// Where ReLU cuts its input off; without it nothing is less than NaN.
template <class T>
T cut_of(const Node& n) {
  return n.attr[kFused].ints[0] ? T(0) : static_cast<T>(__builtin_nanf(""));
}

template <class T>
void normalise(const Node& n, const Work<T>& w) {
  const T *mean = w.row(0), *scale = w.row(1), *bias = w.row(2);
  const Numbers<T> x = numbers<T>(n, n.in[kX]), y = numbers<T>(n, n.out[0]);
  const Numbers<T> residual = has_residual(n) ? numbers<T>(n, n.in[kResidual]) : Numbers<T>{};
  const T limit = cut_of<T>(n);
  map_columns<T>(w.m, residual ? 0.3 : 0.2, [=](int64_t column, auto zero) {
    using V = decltype(zero);
    const V m = get<V>(mean + column), by = get<V>(scale + column), more = get<V>(bias + column);
    const V cut = zero + limit;
    return [=](int64_t at) {
      V z = (x.template get<V>(at) - m) * by + more;
      if (residual) z += residual.template get<V>(at);
      y.put(at, z < cut ? zero : z);
    };
  });
}

// dy where the output is not cut off; `y` is null where that is found from x.
template <class T, class V>
inline V slope(const Numbers<T>& y, int64_t at, V d, V g, V scale, V bias, T cut) {
  const V z = y ? y.template get<V>(at) : d * scale + bias;
  return z <= V{} + cut ? V{} : g;
}

// The outputs where ReLU's slope is found from them.
template <class T>
Numbers<T> slopes_of(const Node& n) {
  return has_residual(n) && n.attr[kFused].ints[0] ? numbers<T>(n, n.out[0]) : Numbers<T>{};
}

template <class T>
void gradient_sums(const Node& n, const Work<T>& w) {
  const Numbers<T> x = numbers<T>(n, n.in[kX]), dy = gradients<T>(n, n.out[0]), y = slopes_of<T>(n);
  const T *mean = w.row(0), *scale = w.row(1), *bias = w.row(2);
  const T cut = cut_of<T>(n);
  const auto term = [=](int64_t at, int64_t column, auto& s, auto& q) {
    using V = typename ValueOf<decltype(s)>::type;
    const V d = x.template get<V>(at) - get<V>(mean + column);
    const V g = slope<T>(y, at, d, dy.template get<V>(at), get<V>(scale + column),
                         get<V>(bias + column), cut);
    s += g;
    q += g * d;
  };
  sum_columns<T>(w.m, 0.2, term, w.sums);
}

// dx (+)= scale g + by d + more, and the residual's (+)= g
template <class T>
void gradient_of_x(const Node& n, const Work<T>& w, const Numbers<T>& dy) {
  const bool add = n.in[kX].accumulate;
  const T *mean = w.row(0), *scale = w.row(1), *bias = w.row(2), *by = w.row(3), *more = w.row(4);
  const Numbers<T> x = numbers<T>(n, n.in[kX]), dx = gradients<T>(n, n.in[kX]), y = slopes_of<T>(n);
  const bool asks_residual = has_residual(n) && n.out[0].grad;
  const Numbers<T> dr = asks_residual ? gradients<T>(n, n.in[kResidual]) : Numbers<T>{};
  const T cut = cut_of<T>(n);
  const bool add_r = dr && n.in[kResidual].accumulate;
  map_columns<T>(w.m, 0.3, [=](int64_t column, auto zero) {
    using V = decltype(zero);
    const V m = get<V>(mean + column), factor = get<V>(scale + column);
    const V offset = get<V>(bias + column);
    const V slope_d = get<V>(by + column), constant = get<V>(more + column);
    return [=](int64_t at) {
      const V d = x.template get<V>(at) - m;
      const V g = slope<T>(y, at, d, dy.template get<V>(at), factor, offset, cut);
      const V v = factor * g + (slope_d * d + constant);
      if (dx) dx.put(at, add ? dx.template get<V>(at) + v : v);
      // To dx, where x is the residual too.
      if (dr) dr.put(at, add_r ? dr.template get<V>(at) + g : g);
    };
  });
}

// Numbers per channel to a gradient that is asked for.
template <class T, class F>
void store_channels(const Arg& a, int64_t C, const F& number) {
  T* to = grad<T>(a);
  for (int64_t c = 0; to && c < C; ++c)
    to[c] = static_cast<T>(number(c) + (a.accumulate ? static_cast<double>(to[c]) : 0));
}

void check_channels(const Node& n) {
  const char* const names[] = {"x", "weight", "bias", "running_mean", "running_var"};
  const Arg& x = n.in[kX];
  const long long C = channels_of(n);
  for (int i = 1; i < 5; ++i) {
    if (n.in[i].dtype != x.dtype)
      fail_type(n.where, "%s must be %s because x is, got %s", names[i], name_of(x.dtype),
                name_of(n.in[i].dtype));
    if (n.in[i].shape.rank != 1 || n.in[i].shape[0] != C)
      fail(n.where, "%s must have shape (%lld,) because x has %lld channels, got %s", names[i], C,
           C, text_of(n.in[i].shape).text);
  }
}

struct BatchNorm {
  static constexpr const char* attrs = "momentum:real=0.1 eps:real=1e-5 activation:int=0";
  static constexpr Operands kOperands{5, 6};

  static bool has_relu(const Node& n) { return n.attr[kFused].ints[0] != 0; }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[kX];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (x.shape.rank < 2)
      fail(n.where, "x must have a batch axis and channels, (N, C, ...), got shape %s",
           text_of(x.shape).text);
    check_channels(n);
    if (!(n.attr[kMomentum].real >= 0 && n.attr[kMomentum].real <= 1))
      fail(n.where, "momentum must be between 0 and 1, got %g", n.attr[kMomentum].real);
    if (!(n.attr[kEps].real > 0)) fail(n.where, "eps must be > 0, got %g", n.attr[kEps].real);
    const int64_t fused = n.attr[kFused].ints[0];
    if (fused != 0 && fused != static_cast<int64_t>(Activation::kRelu))
      fail(n.where, "activation must be 0 (none) or %d (relu), got %lld",
           static_cast<int>(Activation::kRelu), static_cast<long long>(fused));
    if (n.training && x.shape[0] != kBatch && pixels_of(x.shape) == 1)
      fail(n.where,
           "x must have more than 1 value per channel in training, got shape %s; choose a batch "
           "size that leaves no last batch of 1",
           text_of(image_shape(x.shape)).text);
    if (has_residual(n) && !(n.in[kResidual].shape == x.shape && n.in[kResidual].dtype == x.dtype))
      fail(n.where, "residual must be %s of shape %s as x is, got %s of %s", name_of(x.dtype),
           text_of(image_shape(x.shape)).text, name_of(n.in[kResidual].dtype),
           text_of(image_shape(n.in[kResidual].shape)).text);
    n.n_out = 3;
    n.out[0].shape = x.shape;
    n.n_saved = 2;
    for (int i = 0; i < 3; ++i) n.out[i].dtype = x.dtype;
    for (int i = 1; i < 3; ++i) n.out[i].shape = n.in[kMean].shape;
    for (int i = 0; i < 2; ++i) {
      n.saved[i].shape = n.in[kMean].shape;
      n.saved[i].dtype = x.dtype;
    }
    const bool cuts_x = has_relu(n) && !has_residual(n), cuts_y = has_relu(n) && has_residual(n);
    n.reads_in = 1u << kX | 1u << kWeight | (cuts_x ? 1u << kBias : 0u);
    n.reads_out = cuts_y ? 1u : 0u;
    if (n.precision != Precision::kFull && x.dtype == DType::kFloat32) {
      n.bf16_in = n.bf16_dx = 1u << kX | 1u << kResidual;
      n.bf16_out = n.bf16_dy = 1u;
    }
    n.flops = 8.0 * elements(x.shape);
    n.scratch_bytes =
        x.dtype == DType::kFloat32 ? scratch_of<float>(x.shape) : scratch_of<double>(x.shape);
  }

  // Rows 0..2: mean, scale, bias.
  template <class T>
  static void fill_rows(const Node& n, const Work<T>& w, const Statistics<T>& s) {
    const T *weight = data<T>(n.in[kWeight]), *bias = data<T>(n.in[kBias]);
    repeat(w.m, w.row(0), [=](int64_t c) { return s.mean[c]; });
    repeat(w.m, w.row(1), [=](int64_t c) { return weight[c] * s.inverse[c]; });
    repeat(w.m, w.row(2), [=](int64_t c) { return bias[c]; });
  }

  template <class T>
  static void forward(const Node& n) {
    const Work<T> w(n);
    const Statistics<T> s(n);
    if (n.training && w.m.pixels > 0)
      batch_statistics(n, w, s);
    else
      running_statistics(n, s);
    fill_rows(n, w, s);
    normalise(n, w);
  }

  template <class T>
  static void backward(const Node& n) {
    const Work<T> w(n);
    const Columns& m = w.m;
    const Statistics<T> stats(n);
    const T* weight = data<T>(n.in[kWeight]);
    Numbers<T> dy = gradients<T>(n, n.out[0]);
    fill_rows(n, w, stats);
    if (dy) {
      gradient_sums(n, w);
    } else {
      for (int64_t i = 0; i < 2 * m.width; ++i) w.sums[i] = 0;
    }
    const double *s = w.sums, *q = w.sums + m.width;
    const T* inverse = stats.inverse;
    const bool training = n.training && m.pixels > 0;
    const double M = static_cast<double>(m.pixels), momentum = n.attr[kMomentum].real;
    const double kept = training ? 1 - momentum : 1;
    const T *new_mean = grad<T>(n.out[1]), *new_var = grad<T>(n.out[2]);
    const auto at = [](const T* p, int64_t c) { return p ? static_cast<double>(p[c]) : 0; };
    const auto scale = [=](int64_t c) { return at(weight, c) * at(inverse, c); };
    store_channels<T>(n.in[kWeight], m.C, [=](int64_t c) { return q[c] * at(inverse, c); });
    store_channels<T>(n.in[kBias], m.C, [=](int64_t c) { return s[c]; });
    store_channels<T>(n.in[kMean], m.C, [=](int64_t c) {
      return kept * at(new_mean, c) - (training ? 0 : scale(c) * s[c]);
    });
    store_channels<T>(n.in[kVar], m.C, [=](int64_t c) {
      const double slope = scale(c) * at(inverse, c) * at(inverse, c) / 2;
      return kept * at(new_var, c) - (training ? 0 : slope * q[c]);
    });
    const bool asks_residual = has_residual(n) && n.in[kResidual].grad;
    if (!n.in[kX].grad && !asks_residual) return;
    repeat(m, w.row(3), [=](int64_t c) {
      const double own = scale(c) * at(inverse, c) * at(inverse, c) * q[c] / M;
      return training ? 2 * momentum * at(new_var, c) / (M - 1) - own : 0;
    });
    repeat(m, w.row(4), [=](int64_t c) {
      return training ? (momentum * at(new_mean, c) - scale(c) * s[c]) / M : 0;
    });
    if (!dy && asks_residual && !n.in[kResidual].accumulate)
      __builtin_memset(n.in[kResidual].grad, 0,
                       gradients<T>(n, n.in[kResidual]).element_bytes() * m.pixels * m.C);
    if (!dy) {  // only the statistics have gradients: g = 0 x
      repeat(m, w.row(1), [](int64_t) { return 0; });
      dy = numbers<T>(n, n.in[kX]);
    }
    gradient_of_x(n, w, dy);
  }
};

}  // namespace
extern const Op batch_norm;
const Op batch_norm = op_of<BatchNorm>("batch_norm");
}  // namespace fastnn::FASTNN_ISA
