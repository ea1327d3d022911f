// x (N, H, W, C) at another size, each new pixel taken from old ones:
//   nearest (mode 0): y_i = x at floor(i s), s = old / new size, in float32 as PyTorch
//   bilinear (mode 1): y_i between the two pixels around (i + 1/2) s - 1/2, or, with align_corners,
//   around i (old - 1) / (new - 1)
// `scale`, where given, is new / old in s. An axis that keeps its size is copied, one that doubles
// it (mode 0) is repeated. Backward: each new pixel gives its dy to those it is from.
#include "ops/channels.h"
#include "ops/pixels.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kSize, kMode, kAlign, kScaleH, kScaleW };

constexpr int64_t kUpsampleGrain = 8192;  // elements of a task
constexpr int64_t kSlice = 128;           // channels of a backward task, at least

// Along an axis new pixel i is (1 - part) x[low] + part x[high].
template <class T>
struct Source {
  int64_t low, high;
  T part;
};

struct Axis {
  int64_t in, out;
  double scale;  // 0: by the sizes
  bool bilinear, align;

  template <class T>
  Source<T> at(int64_t i) const {
    if (in == out) return {i, i, T(0)};  // whatever the scale, as PyTorch
    if (!bilinear) {
      if (out == 2 * in) return {i / 2, i / 2, T(0)};
      const float s = scale > 0 ? static_cast<float>(1 / scale)
                                : static_cast<float>(in) / static_cast<float>(out);
      const int64_t from = static_cast<int64_t>(__builtin_floorf(static_cast<float>(i) * s));
      const int64_t low = from < in - 1 ? from : in - 1;
      return {low, low, T(0)};
    }
    T place;
    if (align) {
      const T step = out > 1 ? static_cast<T>(in - 1) / static_cast<T>(out - 1) : T(0);
      place = step * static_cast<T>(i);
    } else {
      const T s = scale > 0 ? static_cast<T>(1 / scale) : static_cast<T>(in) / static_cast<T>(out);
      place = s * (static_cast<T>(i) + T(0.5)) - T(0.5);
      if (place < T(0)) place = T(0);
    }
    int64_t low = static_cast<int64_t>(place);
    if (low > in - 1) low = in - 1;
    const T part = place - static_cast<T>(low);
    return {low, low < in - 1 ? low + 1 : low, part < T(1) ? part : T(1)};
  }
};

struct Sizes {
  int64_t N, C;
  Axis h, w;
};

Sizes sizes_of(const Node& n) {
  const Shape &x = n.in[0].shape, &y = n.out[0].shape;
  const bool bilinear = n.attr[kMode].ints[0] != 0, align = n.attr[kAlign].ints[0] != 0;
  return {elements(x, 0, 1),
          x[3],
          {x[1], y[1], n.attr[kScaleH].real, bilinear, align},
          {x[2], y[2], n.attr[kScaleW].real, bilinear, align}};
}

struct Upsample {
  static constexpr const char* attrs =
      "size:ints mode:int=0 align_corners:int=0 scale_h:real=0 scale_w:real=0";

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (x.shape.rank != 4)
      fail(n.where, "x must have shape (N, C, H, W), got %s", text_of(image_shape(x.shape)).text);
    if (x.shape[1] < 1 || x.shape[2] < 1)
      fail(n.where, "x must have pixels, got shape %s", text_of(image_shape(x.shape)).text);
    const Attr& size = n.attr[kSize];
    if (size.count != 1 && size.count != 2)
      fail(n.where, "size must hold 1 or 2 integers, got %lld", static_cast<long long>(size.count));
    for (int i = 0; i < size.count; ++i)
      if (size.ints[i] < 1)
        fail(n.where, "size must hold integers >= 1, got %lld",
             static_cast<long long>(size.ints[i]));
    if (n.attr[kMode].ints[0] != 0 && n.attr[kMode].ints[0] != 1)
      fail(n.where, "mode must be 0 (nearest) or 1 (bilinear), got %lld",
           static_cast<long long>(n.attr[kMode].ints[0]));
    n.out[0].shape = x.shape;
    n.out[0].shape.dims[1] = size.ints[0];
    n.out[0].shape.dims[2] = size.ints[size.count - 1];
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
    n.flops = (n.attr[kMode].ints[0] ? 6.0 : 1.0) * elements(n.out[0].shape);
  }

  template <class T>
  static void forward(const Node& n) {
    const Sizes z = sizes_of(n);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    const int64_t row = z.w.in * z.C, to_row = z.w.out * z.C;
    if (to_row == 0) return;
    parallel_chunks(
        z.N * z.h.out, kUpsampleGrain / to_row + 1,
        0.3 * static_cast<double>(elements(n.out[0].shape)), [=](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            const Source<T> h = z.h.at<T>(r % z.h.out);
            const T* image = x + r / z.h.out * z.h.in * row;
            const T *low = image + h.low * row, *high = image + h.high * row;
            for (int64_t i = 0; i < z.w.out; ++i) {
              const Source<T> w = z.w.at<T>(i);
              T* to = y + r * to_row + i * z.C;
              const int64_t a = w.low * z.C, b = w.high * z.C;
              each_channels<T>(z.C, true, false, [=](auto lanes, int64_t c) {
                using V = typename decltype(lanes)::V;
                if (!z.w.bilinear) return put(to + c, get<V>(low + a + c));
                const V up = (T(1) - w.part) * get<V>(low + a + c) + w.part * get<V>(low + b + c);
                const V down =
                    (T(1) - w.part) * get<V>(high + a + c) + w.part * get<V>(high + b + c);
                put(to + c, (T(1) - h.part) * up + h.part * down);
              });
            }
          }
        });
  }

  // A task is an image, or some of its channels.
  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    const Sizes z = sizes_of(n);
    const T* dy = grad<T>(n.out[0]);
    const bool accumulate = n.in[0].accumulate;
    const int64_t image = z.h.in * z.w.in * z.C;
    const int64_t slices = z.C < 2 * kSlice ? 1 : z.C / kSlice;
    if (z.C == 0) return;
    parallel(z.N * slices, 0.8 * static_cast<double>(elements(n.out[0].shape)), [=](int64_t task) {
      const int64_t first = task % slices * kSlice;
      const int64_t count = (task % slices == slices - 1 ? z.C : first + kSlice) - first;
      T* to = dx + task / slices * image + first;
      if (!accumulate)
        for (int64_t i = 0; i < z.h.in * z.w.in; ++i)
          __builtin_memset(to + i * z.C, 0, static_cast<size_t>(count) * sizeof(T));
      const T* from = dy + task / slices * z.h.out * z.w.out * z.C + first;
      for (int64_t i = 0; i < z.h.out; ++i) {
        const Source<T> h = z.h.at<T>(i);
        for (int64_t j = 0; j < z.w.out; ++j, from += z.C) {
          const Source<T> w = z.w.at<T>(j);
          const auto add = [=](int64_t row, int64_t column, T share) {
            T* at = to + (row * z.w.in + column) * z.C;
            each_channels<T>(count, false, false, [=](auto lanes, int64_t c) {
              using V = typename decltype(lanes)::V;
              put(at + c, get<V>(at + c) + share * get<V>(from + c));
            });
          };
          if (!z.w.bilinear) {
            add(h.low, w.low, T(1));
            continue;
          }
          add(h.low, w.low, (T(1) - h.part) * (T(1) - w.part));
          if (w.part != T(0)) add(h.low, w.high, (T(1) - h.part) * w.part);
          if (h.part != T(0)) add(h.high, w.low, h.part * (T(1) - w.part));
          if (h.part != T(0) && w.part != T(0)) add(h.high, w.high, h.part * w.part);
        }
      }
    });
  }
};

}  // namespace
extern const Op upsample;
const Op upsample = op_of<Upsample>("upsample");
}  // namespace fastnn::FASTNN_ISA
