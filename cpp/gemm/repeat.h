// Convolution of one channel into few filters: each pixel is repeated once per filter, so that
// lanes run along a row of outputs as it lies in memory, filter by filter, pixel by pixel. Element
// e of a row then reads element e + tap * filters of the repeated inputs, times weights that come
// again every few vectors; no lane is empty but at a row's end. A vector of inputs serves as many
// rows of outputs as the kernel is high. What lies behind a row in its last vector is not stored,
// but in the gradient it meets zeros: an infinite or NaN input makes NaN of weights it is not in.
// (With more channels repeating them weighs: three of them into 12 filters of 3 x 3 took 3.5 times
// as long as by tiles, of 5 x 5 into 6 filters 1.3 times.)
#pragma once
#include "gemm/conv.h"
#include "gemm/cut.h"
#include "gemm/pairs.h"
#include "gemm/widen.h"
#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

// Float32 alone, and no CPU from before 2013: doubles and such CPUs gain little for as much code.
#if defined(__x86_64__) && !defined(__AVX__)
constexpr bool kRepeats = false;
#else
constexpr bool kRepeats = true;
#endif

// Whether it pays: one channel, filters for two vectors at most, outputs and taps one pixel apart,
// dense rows, 3, 5 or 7 rows of a kernel.
bool suits_repeat(const Conv<float>& c);
bool suits_repeat_gradient(const Conv<float>& c);

int64_t repeat_scratch(const Conv<float>& c);
void repeat_conv(const Conv<float>& c, void* scratch);

int64_t repeat_gradient_scratch(const ConvGradient<float>& g);
void repeat_gradient(const ConvGradient<float>& g, void* scratch);

constexpr int64_t kRepeatMostFilters = 2 * kLanes<float>;

// Bytes of a band, at most: they stand on the stack, where each finds those of the one before in
// L1.
constexpr int64_t kRepeatBytes = 32 << 10;

// How the outputs of one convolution lie in vectors, and its inputs repeated.
struct Repeated {
  const Conv<float>& c;
  int64_t length;          // elements of a row of outputs
  int64_t vectors;         // of it, the last perhaps not full
  int64_t phases, pixels;  // vectors after which weights come again, and the pixels in them
  int64_t band, bands;     // rows of outputs, bands of an image
  int64_t strip, strips;   // vectors of a row that are computed together, and how often
  int64_t high;            // rows of inputs that a band reads
  int64_t pitch, line;     // elements of a repeated row, and the pixels that it is made of

  Repeated(const Conv<float>& conv, int64_t rows) : c(conv), band(rows) {
    length = c.ys.width * c.out;
    vectors = up(length, kLanes<float>);
    pixels = 1;
    while (pixels * c.out % kLanes<float>) pixels *= 2;
    phases = pixels * c.out / kLanes<float>;
    bands = up(c.ys.height, band);
    high = band + c.ty.count - 1;
    const int64_t room = kStripBytes / (high * static_cast<int64_t>(sizeof(float)));
    const int64_t group = phases * kLanes<float>;
    strip = least(vectors, most((room - reach()) / group, 1) * phases);
    strips = up(vectors, strip);
    pitch = up(strip * kLanes<float> + reach(), kLanes<float>) * kLanes<float>;
    line = up(pitch / c.out, kLanes<float>) * kLanes<float> + kLanes<float>;
  }

  int64_t reach() const { return (c.tx.count - 1) * c.out; }  // of a row of the kernel
  int64_t taps() const { return c.tx.count * c.ty.count; }
  // Which pixel of a group each lane of its vectors takes.
  using Order = Vector<int32_t>;
  int64_t order_bytes() const { return phases * sizeof(Order); }
  void set_order(int32_t* order) const {
    for (int64_t e = 0; e < phases * kLanes<float>; ++e) order[e] = static_cast<int32_t>(e / c.out);
  }

  // --- memory: a band's inputs repeated, before them as they are ---
  int64_t line_bytes() const { return align64(high * line * sizeof(float)); }
  int64_t band_bytes() const {
    return line_bytes() + align64(high * pitch * static_cast<int64_t>(sizeof(float)));
  }
  float* inputs(void* memory) const {
    return reinterpret_cast<float*>(static_cast<char*>(memory) + line_bytes());
  }

  // What a shape must be, whatever the cost.
  static bool fits(const Conv<float>& c) {
    const auto is_plain = [](const Taps& t) { return t.stride == 1 && t.step == 1; };
    const int64_t rows = c.ty.count;
    return !has_pairs<float>(c.precision) && is_plain(c.ty) && is_plain(c.tx) && c.in == 1 &&
           c.xs.pixel == 1 && c.out <= kRepeatMostFilters &&
           (rows == 3 || rows == 5 || rows == 7) && c.ys.pixel == c.out &&
           c.ys.row == c.ys.width * c.out;
  }
  // Of an image: vectors of repeated inputs.
  double filled() const { return double(strips) * bands * high * (pitch / kLanes<float>); }
  // Numbers that stand in tables, lane by lane, for all images.
  double tabled() const { return double(phases) * taps() * kLanes<float>; }

  // Inputs that outputs [oy, oy + band) read from vector `first` on, zeros around the image.
  void fill(int64_t image, int64_t oy, int64_t first, const int32_t* order, void* memory) const {
    float* const lines = static_cast<float*>(memory);
    const int64_t top = oy + c.ty.offset, left = first / phases * pixels + c.tx.offset;
    const int64_t begin = least(most(-left, 0), line);
    const int64_t end = most(least(c.xs.width - left, line), begin);
    const float* const from =
        c.x + image * c.xs.image + top * c.xs.row + left;  // be it there or not
    __builtin_memset(lines, 0, line_bytes());
    for (int64_t r = 0; r < high; ++r)
      if (top + r >= 0 && top + r < c.xs.height)
        copy_row(from + r * c.xs.row + begin, end - begin, lines + r * line + begin);
    repeat_lines(lines, order, inputs(memory));
  }

 private:
  static constexpr int64_t kStripBytes = 16 << 10;  // of repeated inputs: they stay in L1

  // Vector by vector of a group, so that its order stays in a register for all lines.
  void repeat_lines(const float* lines, const int32_t* order, float* to) const {
    // (Members would be read again after each store.)
    const int64_t group = phases * kLanes<float>, row = pitch, step = pixels, next = line,
                  count = high;
    for (int64_t e = 0; e < group; e += kLanes<float>) {
      const Order lanes = get<Order>(order + e);
      for (int64_t r = 0; r < count; ++r) {
        const float* at = lines + r * next;
        float* const end = to + (r + 1) * row;
        for (float* at_to = to + r * row + e; at_to < end; at_to += group, at += step)
          store(at_to, shuffle(load(at), lanes));
      }
    }
  }
};

// What an image takes by tiles, in vector FMAs: neighbouring outputs as one where that is better,
// and what a tile begins and ends with. Fitted to 29 shapes by AVX-512 and AVX2, as is what is held
// against it (AMD EPYC, Zen 4).
static inline double cost_of_tiles(const Conv<float>& c, double to_begin) {
  const int64_t p = widening(c), vectors = up(p * c.out, kLanes<float>);
  const double row = double(c.ys.width) / p * vectors * c.ty.count * (c.tx.count + p - 1);
  const double waits = kRegisters == 16 && vectors == 1 ? 1.8 : 1;  // a load for each FMA
  return c.ys.height * row * waits * (1.15 + to_begin / (c.ty.count * c.tx.count));
}

}  // namespace fastnn::FASTNN_ISA
