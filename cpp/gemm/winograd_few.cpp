// y = act(w * x + b) of few channels: an image's inputs at the points, then five tiles at a time
// their products by a vector of filters, summed over the channels and brought back line by line in
// registers.
#include "gemm/winograd_few.h"

#include "base/parallel.h"

namespace fastnn::FASTNN_ISA {

constexpr int kL = kLanes<float>;
constexpr int64_t kFloat = sizeof(float);

namespace few {

// What one row of tiles takes, and what a band takes beside its rows.
static int64_t bytes_of_row(const Inputs& i, int64_t tile_bytes) {
  return (kPoints * i.columns * i.c.in + kSide * 2 * i.line) * kFloat + i.columns * tile_bytes;
}
static int64_t bytes_of_rest(const Inputs& i) {
  return (kPoints * kL + (kReach + kPatch) * 2 * i.line) * kFloat;
}

Inputs::Inputs(const Conv<float>& conv, int64_t tile_bytes)
    : c(conv), rows(up(conv.ys.height, kSide)), columns(up(conv.ys.width, kSide)) {
  line = up((columns + 2) * c.in, kL) * kL;
  const int64_t most = (kBandBytes - bytes_of_rest(*this)) / bytes_of_row(*this, tile_bytes);
  bands = most > 1 ? up(rows, most) : rows;
  plane = tiles() * c.in + kL;
}

bool Inputs::fit(const Conv<float>& c, int64_t tile_bytes) {
  if (!has_kernel(c) || c.in < 2 || c.in > kMostChannels || c.out % kL != 0) return false;
  const Inputs inputs(c, tile_bytes);
  return bytes_of_rest(inputs) + bytes_of_row(inputs, tile_bytes) <= kBandBytes &&
         inputs.rows * inputs.columns * kSide * kSide < 1.4 * c.ys.height * c.ys.width;
}

// Not again for each FMA that would overwrite it, as GCC does: most of these vectors lie on two
// cache lines (forward 5 us of 178).
static inline V load_once(const float* p) {
  V v = load(p);
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#endif
  return v;
}

// Every second pixel of a row, `count` of them.
static void split(const float* from, int64_t step, int64_t in, int64_t count, bool has_room,
                  float* to) {
  if (has_room)
    for (int64_t x = 0; x < count; ++x)
      __builtin_memcpy(to + x * in, from + x * step, kMostChannels * sizeof(float));
  else
    for (int64_t x = 0; x < count; ++x) copy_row(from + x * step, in, to + x * in);
  store(to + count * in, V{});  // where the last one took others along
}

void Inputs::transform(const Band& band, float* memory, float* to) const {
  // (Members would be read again after each store.)
  const int64_t in = c.in, step = line, next = 2 * line, length = columns * in, point = plane;
  // Pixels of even columns, then those of odd ones, row by row.
  const int64_t height = band.rows * kSide + kReach, width = (columns + 2) * kSide;
  const int64_t top = band.row * kSide + c.ty.offset, left = c.tx.offset;
  const int64_t behind = (c.images - 1 - band.image) * c.xs.image;  // of other images
  for (int64_t y = 0; y < height; ++y) {
    float* const put = memory + y * next;
    if (top + y < 0 || top + y >= c.xs.height) {
      __builtin_memset(put, 0, next * sizeof(float));
      continue;
    }
    const float* const pixels = c.x + band.image * c.xs.image + (top + y) * c.xs.row;
    // The last pixels of all have no room for a vector behind them.
    const bool has_room = behind + (c.xs.height - 1 - top - y) * c.xs.row + in >= kMostChannels;
    for (int64_t odd = 0; odd < kSide; ++odd) {
      const int64_t first = up(most(-left - odd, 0), kSide);
      const int64_t end = up(most(least(width, c.xs.width - left) - odd, 0), kSide);
      if (first < end)
        split(pixels + (left + odd + first * kSide) * c.xs.pixel, kSide * c.xs.pixel, in,
              end - first, has_room, put + odd * step + first * in);
    }
  }
  float* const lines = memory + pixel_rows() * next;  // at the points of a column
  for (int64_t row = 0; row < band.rows; ++row) {
    const float* const from = memory + row * kSide * next;
    for (int64_t e = 0; e < next; e += kL) {
      V d[kPatch], o[kPatch];
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i) d[i] = load_once(from + i * next + e);
      winograd::inputs(d, o);
#pragma GCC unroll 6
      for (int i = 0; i < kPatch; ++i) store(lines + i * next + e, o[i]);
    }
    for (int i = 0; i < kPatch; ++i) {
      const float* even = lines + i * next;
      float* put = to + row * length + i * kPatch * point;
      for (int64_t e = 0; e < length; e += kL, even += kL, put += kL) {
        V d[kPatch], o[kPatch];
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j) d[j] = load_once(even + j % 2 * step + j / 2 * in);
        winograd::inputs(d, o);
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j) store(put + j * point, o[j]);
      }
    }
  }
}

bool has_kernel(const Conv<float>& c) {
  // All elements, one after the other: phases of larger kernels may have five taps too.
  const auto is_plain = [](const Taps& t) {
    return t.count == kTaps && t.stride == 1 && t.step == 1 &&
           (t.kernel_step == 1 ? t.first == 0 : t.kernel_step == -1 && t.first == kTaps - 1);
  };
  return !has_pairs<float>(c.precision) && is_plain(c.ty) && is_plain(c.tx) && c.w_y == kTaps &&
         c.w_x == 1;
}

}  // namespace few

namespace {

using few::Inputs;
using few::kSide;
using winograd::V;
constexpr int64_t kTasks = 32;
constexpr int kTiles = 5;  // at a time: with a line of points 30 sums

struct Forward {
  const Conv<float>& c;
  Inputs inputs;
  int64_t tasks;

  explicit Forward(const Conv<float>& conv)
      : c(conv), inputs(conv, 0), tasks(least(conv.images * inputs.bands, kTasks)) {}

  int64_t scratch() const { return align64(kPoints * c.in * c.out * kFloat); }

  // Filters at the points: for each vector of them plane by plane, channel by channel.
  void set_weights(float* u) const {
    parallel(c.out / kL, double(c.out / kL) * c.in * few::kKernelsCost, [&](int64_t block) {
      const float* const w = c.w + block * kL * c.w_out;
      float* const to = u + block * kPoints * c.in * kL;
      for (int64_t i = 0; i < c.in; ++i)
        winograd_kernels(c, w + i * c.w_in, c.w_out, false, to + i * kL, c.in * kL);
    });
  }

  // Tiles t .. t + kTiles of a band, by a vector of filters, stored from tile `from` on.
  [[gnu::noinline]] void multiply(const float* v, const float* u, int64_t k, int64_t t,
                                  int64_t from, int64_t rows, float* y) const {
    V lines[kTiles][kPatch][kSide];
    const int64_t in = c.in, plane = inputs.plane;
    v += t * in;
#pragma GCC unroll 1
    for (int i = 0; i < kPatch; ++i, v += kPatch * plane, u += kPatch * in * kL) {
      V sum[kTiles][kPatch] = {};
      for (int64_t channel = 0; channel < in; ++channel) {
        const float *at = v + channel, *weights = u + channel * kL;
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j, at += plane, weights += in * kL) {
          __asm__("" : "+r"(at), "+r"(weights));  // or else GCC keeps all 30 addresses in memory
          const V weight = load(weights);
#pragma GCC unroll 5
          for (int s = 0; s < kTiles; ++s) sum[s][j] += weight * at[s * in];
        }
      }
#pragma GCC unroll 5
      for (int s = 0; s < kTiles; ++s) winograd::results<kSide>(sum[s], lines[s][i]);
    }
    const V bias = c.bias ? load(c.bias + k) : V{},
            scale = c.scale ? load(c.scale + k) : fill(1.0f);
    for (int64_t s = from - t; s < kTiles; ++s) {
      const int64_t row = (t + s) / inputs.columns * kSide,
                    column = (t + s) % inputs.columns * kSide;
      V o[kSide][kSide];
      for (int x = 0; x < kSide; ++x) {
        V m[kPatch], r[kSide];
#pragma GCC unroll 6
        for (int i = 0; i < kPatch; ++i) m[i] = lines[s][i][x];
        winograd::results<kSide>(m, r);
        o[0][x] = r[0];
        o[1][x] = r[1];
      }
      for (int i = 0; i < kSide; ++i)
        for (int j = 0; j < kSide; ++j) {
          if (row + i >= rows || column + j >= c.ys.width) continue;
          float* const to = y + (row + i) * c.ys.row + (column + j) * c.ys.pixel + k;
          V value = scale * o[i][j] + bias;
          if (c.residual) value += load(c.residual + (to - c.y));
          if (c.accumulate) value += load(to);
          store(to, value);
        }
    }
  }

  void run_band(const Inputs::Band& band, const float* u, float* v, float* memory) const {
    const int64_t tiles = band.rows * inputs.columns, first = band.row * kSide;
    const int64_t rows = least(band.rows * kSide, c.ys.height - first);
    float* const y = c.y + band.image * c.ys.image + first * c.ys.row;
    inputs.transform(band, memory, v);
    for (int64_t k = 0; k < c.out; k += kL)
      for (int64_t t = 0; t < tiles; t += kTiles)
        multiply(v, u + k * kPoints * c.in, k, least(t, tiles - kTiles), t, rows, y);
    if (c.activation == Activation::kLinear) return;
    const bool dense = c.ys.pixel == c.out;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < (dense ? 1 : c.ys.width); ++j)
        activate(c.activation, c.alpha, y + i * c.ys.row + j * c.ys.pixel,
                 dense ? c.ys.width * c.out : c.out);
  }

  void run(void* scratch) const {
    float* const u = static_cast<float*>(scratch);
    set_weights(u);
    const double cost = double(c.images) * inputs.rows * inputs.columns *
                        (kPoints * c.in * (c.out / kL) * 1.4 + c.in * 10) / kBlocking.fma_per_ns;
    parallel(tasks, cost, [&](int64_t task) {
      alignas(64) float memory[few::kBandBytes / kFloat];
      float* const v = memory + inputs.memory();
      inputs.clear(memory);
      const Cut band(c.images * inputs.bands, tasks);
      for (int64_t i = band(task); i < band(task + 1); ++i) run_band(inputs(i), u, v, memory);
    });
  }
};

}  // namespace

bool suits_winograd_few(const Conv<float>& c) {
  if (!Inputs::fit(c, 0)) return false;
  const Inputs inputs(c, 0);
  return inputs.rows / inputs.bands * inputs.columns >= kTiles;
}

int64_t winograd_few_scratch(const Conv<float>& c) { return Forward(c).scratch(); }
void winograd_few(const Conv<float>& c, void* scratch) { Forward(c).run(scratch); }

}  // namespace fastnn::FASTNN_ISA
