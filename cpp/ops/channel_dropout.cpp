// Dropout of whole channels of x (N, ..., C):  y = x mask / (1 - rate) in training, y = x otherwise
// Channel c of image n is kept where word i % 4 of Philox block i / 4, i = n C + c, is >= rate
// 2^32: a function of seed, layer, step and i alone, as in dropout.
#include "ops/copy.h"
#include "ops/pixels.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kChannelGrain = 8192;  // elements of a task

struct ChannelDropout {
  static constexpr const char* attrs = "rate:real=0.5";

  static bool is_identity(const Node& n) { return !n.training || n.attr[0].real == 0; }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    if (x.shape.rank < 2)
      fail(n.where, "x must have a batch axis and channels, (N, C, ...), got shape %s",
           text_of(x.shape).text);
    const double rate = n.attr[0].real;
    if (!(rate >= 0 && rate <= 1)) fail(n.where, "rate must be between 0 and 1, got %g", rate);
    n.out[0].shape = x.shape;
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
    n.is_view = is_identity(n);
    n.n_saved = n.is_view ? 0 : 1;
    n.saved[0].shape = Shape{2, {x.shape[0], x.shape[x.shape.rank - 1]}};
    n.saved[0].dtype = x.dtype;
    n.flops = static_cast<double>(elements(x.shape));
  }

  // to (+)= from factor[n, c]
  template <class T>
  static void scale_channels(const Node& n, const T* from, T* to, bool add) {
    const Shape& x = n.in[0].shape;
    const int64_t C = x[x.rank - 1], pixels = elements(x, 1, x.rank - 1), rows = x[0] * pixels;
    const T* factor = data<T>(n.saved[0]);
    if (C == 0) return;
    parallel_chunks(rows, kChannelGrain / C + 1, 0.3 * static_cast<double>(rows * C),
                    [=](int64_t begin, int64_t end) {
                      for (int64_t r = begin; r < end; ++r) {
                        const T *own = factor + r / pixels * C, *source = from + r * C;
                        store_grad(to + r * C, C, add, [=](int64_t c) {
                          return own[c] == T(0) ? T(0) : source[c] * own[c];
                        });
                      }
                    });
  }

  template <class T>
  static void forward(const Node& n) {
    if (is_identity(n)) return view_forward(n);
    const double rate = n.attr[0].real;
    const uint32_t least = static_cast<uint32_t>(rate < 1 ? rate * 4294967296.0 : 0);
    const T kept = static_cast<T>(rate < 1 ? 1 / (1 - rate) : 0);
    const int64_t count = elements(n.saved[0].shape);
    T* factor = out_data<T>(n.saved[0]);
    for (int64_t i = 0; i < count; i += 4) {
      const Random4 words = random4(n.key, *n.step, static_cast<uint32_t>(i / 4));
      for (int64_t w = 0; w < 4 && i + w < count; ++w)
        factor[i + w] = words.v[w] >= least ? kept : T(0);
    }
    scale_channels(n, data<T>(n.in[0]), out_data<T>(n.out[0]), false);
  }

  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    if (is_identity(n)) return view_backward<T>(n);
    scale_channels<T>(n, grad<T>(n.out[0]), dx, n.in[0].accumulate);
  }
};

}  // namespace
extern const Op channel_dropout;
const Op channel_dropout = op_of<ChannelDropout>("channel_dropout");
}  // namespace fastnn::FASTNN_ISA
