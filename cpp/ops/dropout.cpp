// Inverted dropout:  y = x mask / (1 - rate) in training, y = x otherwise;  dx = dy mask / (1 -
// rate) Element i is kept where word i % 4 of Philox block i / 4 is >= rate 2^32: a function of
// seed, layer, step and i alone, whatever the thread count or instruction set.
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "ops/copy.h"
#include "ops/lanes.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kDropoutGrain = 8192;  // elements per task, a multiple of kBlocks * 4
constexpr int64_t kBlocks = 32;          // Philox blocks at a time

typedef uint64_t Words __attribute__((vector_size(kVectorBytes)));
constexpr int64_t kWords = kVectorBytes / 8;

// 64-bit products of the low halves: the CPU has this, plain loops make it of three multiplications
// and shuffles (2.1 against 0.8 ns a number, AMD EPYC, AVX2, GCC 12).
inline Words times_low(Words a, Words b) {
#if defined(__AVX512F__)  // with a mask of all lanes: GCC 12 warns of the plain form
  return (Words)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xFFFFFFFFull) * (b & 0xFFFFFFFFull);
#endif
}

// The low half of words[w][b] is word w of block first + b, as random4() gives it. High halves hold
// leftovers that no round reads.
void random_blocks(RandomKey key, uint64_t step, uint32_t first, uint64_t (*words)[kBlocks]) {
  for (int64_t b = 0; b < kBlocks; b += kWords) {
    Words c0{}, c1{}, c2{}, c3{};
    for (int64_t j = 0; j < kWords; ++j) c0[j] = static_cast<uint32_t>(first + b + j);
    c1 += key.stream;
    c2 += static_cast<uint32_t>(step);
    c3 += step >> 32;
    uint32_t k0 = static_cast<uint32_t>(key.seed), k1 = static_cast<uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const Words p0 = times_low(c0, Words{} + 0xD2511F53ull);
      const Words p1 = times_low(c2, Words{} + 0xCD9E8D57ull);
      c0 = (p1 >> 32) ^ c1 ^ (Words{} + k0);
      c2 = (p0 >> 32) ^ c3 ^ (Words{} + k1);
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const Words result[4] = {c0, c1, c2, c3};
    for (int w = 0; w < 4; ++w) __builtin_memcpy(words[w] + b, &result[w], sizeof(Words));
  }
}

struct Dropout {
  static constexpr const char* attrs = "rate:real=0.5";

  static bool is_identity(const Node& n) { return !n.training || n.attr[0].real == 0; }

  static void infer(Node& n) {
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
