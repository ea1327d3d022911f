// Inverted dropout:  y = x mask / (1 - rate) in training, y = x otherwise;  dx = dy mask / (1 -
// rate) Element i is kept where word i % 4 of Philox block i / 4 is >= rate 2^32: a function of
// seed, layer, step and i alone, whatever the thread count or instruction set.
#include "ops/copy.h"
#include "simd/philox.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kDropoutGrain = 8192;  // elements per task, a multiple of kBlocks * 4

struct Dropout {
  static constexpr const char* attrs = "rate:real=0.5";

  static bool is_identity(const Node& n) { return !n.training || n.attr[0].real == 0; }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg& x = n.in[0];
    if (!is_real(x.dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
    const double rate = n.attr[0].real;
    if (!(rate >= 0 && rate <= 1)) fail(n.where, "rate must be between 0 and 1, got %g", rate);
    n.out[0].shape = x.shape;
    n.out[0].dtype = x.dtype;
    n.reads_in = 0u;
    n.reads_out = 0u;
    n.is_view = is_identity(n);
    n.n_saved = n.is_view ? 0 : 1;
    n.saved[0].shape = x.shape;
    n.saved[0].dtype = DType::kUint8;
    n.flops = static_cast<double>(elements(x.shape));
  }

  // mask[0..count) for elements from `begin` (a multiple of 4) on.
  static void fill_mask(const Node& n, int64_t begin, int64_t count, uint8_t* mask) {
    const double rate = n.attr[0].real;
    const uint32_t least = static_cast<uint32_t>(rate < 1 ? rate * 4294967296.0 : 4294967295.0);
    const uint8_t keep = rate < 1;  // 1 drops all
    alignas(64) uint64_t words[4][kBlocks];
    alignas(64) uint8_t block[4 * kBlocks];
    for (int64_t at = 0; at < count; at += 4 * kBlocks) {
      random_blocks(n.key, *n.step, static_cast<uint32_t>((begin + at) / 4), words);
      for (int64_t b = 0; b < kBlocks; ++b)
        for (int64_t w = 0; w < 4; ++w)
          block[4 * b + w] = keep & (static_cast<uint32_t>(words[w][b]) >= least);
      __builtin_memcpy(mask + at, block, count - at < 4 * kBlocks ? count - at : 4 * kBlocks);
    }
  }

  template <class T>
  static T scale_of(const Node& n) {
    const double rate = n.attr[0].real;
    return static_cast<T>(rate < 1 ? 1 / (1 - rate) : 0);
  }

  template <class T>
  static void forward(const Node& n) {
    if (is_identity(n)) return view_forward(n);
    const int64_t count = elements(n.in[0].shape);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    uint8_t* mask = out_data<uint8_t>(n.saved[0]);
    const T scale = scale_of<T>(n);
    parallel_chunks(count, kDropoutGrain, count * 1.0, [=, &n](int64_t begin, int64_t end) {
      fill_mask(n, begin, end - begin, mask + begin);
      const T* from = x + begin;
      const uint8_t* kept = mask + begin;
      store_grad(y + begin, end - begin, false,
                 [=](int64_t i) { return kept[i] ? from[i] * scale : T(0); });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    T* dx = grad<T>(n.in[0]);
    if (!dx) return;
    if (is_identity(n)) return view_backward<T>(n);
    const int64_t count = elements(n.in[0].shape);
    const T* dy = grad<T>(n.out[0]);
    const uint8_t* mask = data<uint8_t>(n.saved[0]);
    const T scale = scale_of<T>(n);
    const bool accumulate = n.in[0].accumulate;
    parallel_chunks(count, kDropoutGrain, count * 0.3, [=](int64_t begin, int64_t end) {
      const T* from = dy + begin;
      const uint8_t* kept = mask + begin;
      store_grad(dx + begin, end - begin, accumulate,
                 [=](int64_t i) { return kept[i] ? from[i] * scale : T(0); });
    });
  }
};

}  // namespace
extern const Op dropout;
const Op dropout = op_of<Dropout>("dropout");
}  // namespace fastnn::FASTNN_ISA
