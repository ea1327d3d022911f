// Group normalisation of x (N, ..., C): each image's channels in groups of C / num_groups,
//   y = (x - mean) inverse weight + bias,  inverse = 1 / sqrt(var + eps)
// with the group's mean and var (biased) over its channels and all pixels. Instance norm is as many
// groups as channels. Backward, with d = x - mean, M elements of a group, s = sum dy weight,
// q = sum d dy weight over it:
//   dx = inverse (dy weight - s / M - d inverse^2 q / M)
//   dweight = sum of dy d inverse,  dbias = sum of dy, over images and pixels
// An image is one task: its sums by channel come first, those of a group from them.
#include "ops/channels.h"
#include "ops/columns.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kX, kWeight, kBias };
enum { kGroups, kEps };

constexpr int64_t kPatterns = 4;  // rows of numbers per channel, of each image

struct Sizes {
  int64_t N, pixels, C, groups, members;  // members: channels of a group
};

Sizes sizes_of(const Node& n) {
  const Shape& x = n.in[kX].shape;
  const int64_t C = x[x.rank - 1], groups = n.attr[kGroups].ints[0];
  return {elements(x, 0, 1), elements(x, 1, x.rank - 1), C, groups, C / groups};
}

template <class T>
Columns image_columns(const Sizes& z) {
  return columns_of<T>(z.pixels, z.C);
}

// What an image's task works with: sums by channel, then patterns.
template <class T>
int64_t image_bytes(const Columns& m) {
  const int64_t bytes = kSums * m.width * static_cast<int64_t>(sizeof(double)) +
                        kPatterns * m.width * static_cast<int64_t>(sizeof(T));
  return (bytes + 63) / 64 * 64;
}

template <class T>
struct Image {
  double *s, *q;
  T* rows;
  int64_t width;
  T* row(int i) const { return rows + i * width; }
};

template <class T>
Image<T> image_of(const Node& n, const Columns& m, int64_t i) {
  char* at = static_cast<char*>(n.scratch) + i * image_bytes<T>(m);
  double* sums = reinterpret_cast<double*>(at);
  return {sums, sums + m.width, reinterpret_cast<T*>(sums + kSums * m.width), m.width};
}

template <class T, class Term>
void sum_image(const Columns& m, const Image<T>& w, const Term& term) {
  sum_pixels<T>(m, 0, m.pixels, term, w.s);
  fold_columns(m, w.s);
}

// mean and 1 / sqrt(var + eps) of each group, from sums of x - guess and their squares.
template <class T>
void group_statistics(const Sizes& z, const Image<T>& w, double eps, T* mean, T* inverse) {
  const T* guess = w.row(0);
  const double M = static_cast<double>(z.pixels);
  const double count = static_cast<double>(z.members);
  for (int64_t g = 0; g < z.groups; ++g) {
    const int64_t first = g * z.members, last = first + z.members;
    double of_group = 0, square = 0;
    for (int64_t c = first; c < last; ++c) of_group += static_cast<double>(guess[c]) + w.s[c] / M;
    of_group /= count;
    for (int64_t c = first; c < last; ++c) {
      const double off = w.s[c] / M, apart = static_cast<double>(guess[c]) + off - of_group;
      const double var = w.q[c] / M - off * off;
      square += (var < 0 ? 0 : var) + apart * apart;
    }
    mean[g] = static_cast<T>(of_group);
    inverse[g] = static_cast<T>(1 / __builtin_sqrt(square / count + eps));
  }
}

struct GroupNorm {
  static constexpr const char* attrs = "num_groups:int eps:real=1e-5";
  static constexpr Operands kOperands{3, 3};

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[kX];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (x.shape.rank < 2)
      fail(n.where, "x must have a batch axis and channels, (N, C, ...), got shape %s",
           text_of(x.shape).text);
    const long long C = x.shape[x.shape.rank - 1], groups = n.attr[kGroups].ints[0];
    if (groups < 1 || C % groups)
      fail(n.where, "num_groups must divide the %lld channels of x, got %lld", C, groups);
    const char* const names[] = {"x", "weight", "bias"};
    for (int i = 1; i < 3; ++i) {
      if (n.in[i].dtype != x.dtype)
        fail_type(n.where, "%s must be %s because x is, got %s", names[i], name_of(x.dtype),
                  name_of(n.in[i].dtype));
      if (n.in[i].shape.rank != 1 || n.in[i].shape[0] != C)
        fail(n.where, "%s must have shape (%lld,) because x has %lld channels, got %s", names[i], C,
             C, text_of(n.in[i].shape).text);
    }
    if (!(n.attr[kEps].real > 0)) fail(n.where, "eps must be > 0, got %g", n.attr[kEps].real);
    const Sizes z = sizes_of(n);
    if (n.training && x.shape.rank > 2 && z.pixels * z.members == 1)
      fail(n.where, "x must have more than 1 value per group in training, got shape %s",
           text_of(image_shape(x.shape)).text);
    n.out[0].shape = x.shape;
    n.out[0].dtype = x.dtype;
    n.n_saved = 2;
    for (int i = 0; i < 2; ++i) {
      n.saved[i].shape = Shape{2, {x.shape[0], groups}};
      n.saved[i].dtype = x.dtype;
    }
    n.reads_in = 1u << kX | 1u << kWeight;
    n.reads_out = 0u;
    n.flops = 8.0 * elements(x.shape);
    n.scratch_bytes =
        z.N * (x.dtype == DType::kFloat32 ? image_bytes<float>(image_columns<float>(z))
                                          : image_bytes<double>(image_columns<double>(z)));
  }

  template <class T>
  static void forward(const Node& n) {
    const Sizes z = sizes_of(n);
    const Columns m = image_columns<T>(z);
    const int64_t size = z.pixels * z.C;
    if (size == 0) return;
    const T *weight = data<T>(n.in[kWeight]), *bias = data<T>(n.in[kBias]);
    parallel(z.N, 0.35 * static_cast<double>(z.N * size), [&](int64_t i) {
      const Image<T> w = image_of<T>(n, m, i);
      const T* x = data<T>(n.in[kX]) + i * size;
      T* y = out_data<T>(n.out[0]) + i * size;
      T *mean = out_data<T>(n.saved[0]) + i * z.groups,
        *inverse = out_data<T>(n.saved[1]) + i * z.groups;
      const T* guess = w.row(0);
      repeat(m, w.row(0), [=](int64_t c) { return x[z.pixels / 2 * z.C + c]; });
      sum_image(m, w, [=](int64_t at, int64_t column, auto& s, auto& q) {
        using V = typename ValueOf<decltype(s)>::type;
        const V d = get<V>(x + at) - get<V>(guess + column);
        s += d;
        q += d * d;
      });
      group_statistics(z, w, n.attr[kEps].real, mean, inverse);
      repeat(m, w.row(0), [=](int64_t c) { return mean[c / z.members]; });
      repeat(m, w.row(1), [=](int64_t c) { return weight[c] * inverse[c / z.members]; });
      repeat(m, w.row(2), [=](int64_t c) { return bias[c]; });
      const T *own = w.row(0), *scale = w.row(1), *offset = w.row(2);
      map_pixels<T>(m, 0, z.pixels, [=](int64_t column, auto zero) {
        using V = decltype(zero);
        const V mid = get<V>(own + column), by = get<V>(scale + column);
        const V more = get<V>(offset + column);
        return [=](int64_t at) { put(y + at, (get<V>(x + at) - mid) * by + more); };
      });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const Sizes z = sizes_of(n);
    const Columns m = image_columns<T>(z);
    const int64_t size = z.pixels * z.C;
    const T* weight = data<T>(n.in[kWeight]);
    T* all_dx = grad<T>(n.in[kX]);
    const bool add = n.in[kX].accumulate;
    if (size > 0)
      parallel(z.N, 0.5 * static_cast<double>(z.N * size), [&](int64_t i) {
        const Image<T> w = image_of<T>(n, m, i);
        const T *x = data<T>(n.in[kX]) + i * size, *dy = grad<T>(n.out[0]) + i * size;
        const T *mean = data<T>(n.saved[0]) + i * z.groups,
                *inverse = data<T>(n.saved[1]) + i * z.groups;
        const T* own = w.row(0);
        repeat(m, w.row(0), [=](int64_t c) { return mean[c / z.members]; });
        sum_image(m, w, [=](int64_t at, int64_t column, auto& s, auto& q) {
          using V = typename ValueOf<decltype(s)>::type;
          const V d = get<V>(x + at) - get<V>(own + column), g = get<V>(dy + at);
          s += g;
          q += g * d;
        });
        if (all_dx) input_gradient(z, m, w, weight, inverse, x, dy, all_dx + i * size, add);
        for (int64_t c = 0; c < z.C; ++c) w.q[c] *= static_cast<double>(inverse[c / z.members]);
      });
    // Images in order: the sums of each are in its working memory.
    T* const wanted[] = {grad<T>(n.in[kBias]), grad<T>(n.in[kWeight])};
    for (int k = 0; k < 2; ++k)
      for (int64_t c = 0; wanted[k] && c < z.C; ++c) {
        double sum = n.in[k ? kWeight : kBias].accumulate ? static_cast<double>(wanted[k][c]) : 0;
        for (int64_t i = 0; size > 0 && i < z.N; ++i) {
          const Image<T> w = image_of<T>(n, m, i);
          sum += k ? w.q[c] : w.s[c];
        }
        wanted[k][c] = static_cast<T>(sum);
      }
  }

  // dx (+)= scale dy + by d + more
  template <class T>
  static void input_gradient(const Sizes& z, const Columns& m, const Image<T>& w, const T* weight,
                             const T* inverse, const T* x, const T* dy, T* dx, bool add) {
    const double M = static_cast<double>(z.pixels * z.members);
    T *scale = w.row(1), *by = w.row(2), *more = w.row(3);
    for (int64_t g = 0; g < z.groups; ++g) {
      const int64_t first = g * z.members, last = first + z.members;
      double s = 0, q = 0;
      for (int64_t c = first; c < last; ++c) {
        s += static_cast<double>(weight[c]) * w.s[c];
        q += static_cast<double>(weight[c]) * w.q[c];
      }
      const double r = static_cast<double>(inverse[g]);
      for (int64_t c = first; c < last; ++c) {
        scale[c] = weight[c] * inverse[g];
        by[c] = static_cast<T>(-r * r * r * q / M);
        more[c] = static_cast<T>(-r * s / M);
      }
    }
    for (int64_t at = z.C; at < m.width; ++at) {
      scale[at] = scale[at - z.C];
      by[at] = by[at - z.C];
      more[at] = more[at - z.C];
    }
    const T* own = w.row(0);
    map_pixels<T>(m, 0, z.pixels, [=](int64_t column, auto zero) {
      using V = decltype(zero);
      const V mid = get<V>(own + column), factor = get<V>(scale + column);
      const V slope = get<V>(by + column), constant = get<V>(more + column);
      return [=](int64_t at) {
        const V v = factor * get<V>(dy + at) + (slope * (get<V>(x + at) - mid) + constant);
        put(dx + at, add ? get<V>(dx + at) + v : v);
      };
    });
  }
};

}  // namespace
extern const Op group_norm;
const Op group_norm = op_of<GroupNorm>("group_norm");
}  // namespace fastnn::FASTNN_ISA
