// dw of few channels by Winograd: gradients of tiles at the points, a line at a time in registers,
// by the numbers of the inputs, summed over the tiles of some images; and back to 5 x 5 weights at
// the end.
#include "base/parallel.h"
#include "gemm/copies.h"
#include "gemm/winograd_few.h"

namespace fastnn::FASTNN_ISA {
namespace {

using few::Inputs;
using few::kMostOfBlock;
using few::kSide;
using few::kTaps;
using winograd::V;
constexpr int kL = kLanes<float>;
constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kCopies = 16;                                // of the sums, at most
constexpr int64_t kTileBytes = kPatch * kSide * kVectorBytes;  // its gradients at points of columns

struct Gradient {
  const ConvGradient<float>& g;
  const Conv<float>& c;
  Inputs inputs;
  int64_t copies;  // of the sums
  int64_t blocks;  // of channels that are summed together

  explicit Gradient(const ConvGradient<float>& gradient)
      : g(gradient),
        c(gradient.of),
        inputs(gradient.of, kTileBytes),
        copies(least(c.images * inputs.bands, kCopies)),
        blocks(up(c.in, kMostOfBlock)) {}

  // Sums: [vector of filters][point][channel][filter].
  int64_t sums() const { return kPoints * c.in * c.out; }
  int64_t copy_bytes() const { return align64(sums() * kFloat); }
  int64_t scratch() const { return copies * copy_bytes(); }
  int64_t line() const { return inputs.tiles() * kSide * kL; }  // gradients of a band at a point

  // Gradients of filters [k, k + kL) at the points of columns: for each point, tile by tile, two
  // vectors.
  void transform(const Inputs::Band& band, int64_t k, float* to) const {
    const float* const dz = g.dz + band.image * c.ys.image + k;
    const int64_t next = line(), width = c.ys.width, pixel = c.ys.pixel;
    for (int64_t row = band.row; row < band.row + band.rows; ++row) {
      const float* at = dz + row * kSide * c.ys.row;
      const float* const below = row * kSide + 1 < c.ys.height ? at + c.ys.row : nullptr;
      for (int64_t x = 0; x < inputs.columns * kSide; ++x, to += kL) {
        const few::Line line(x < width ? load(at + x * pixel) : V{},
                             x < width && below ? load(below + x * pixel) : V{});
#pragma GCC unroll 6
        for (int i = 0; i < kPatch; ++i) store(to + i * next, line.at[i]);
      }
    }
  }

  // Sums of kCount channels from v on, at a line of points, over `tiles`.
  template <int kCount>
  [[gnu::noinline]] void multiply(int64_t tiles, const float* v, const float* z, bool add,
                                  float* sums) const {
    V sum[kPatch * kCount] = {};
    const int64_t in = c.in;
    few::add_products<kCount>({tiles, z, z + kL, kSide * kL, v, inputs.plane, in}, sum);
    // Band by band: one sum over all of them would round more and more.
#pragma GCC unroll 24
    for (int s = 0; s < kPatch * kCount; ++s) {
      float* const to = sums + (s / kCount * in + s % kCount) * kL;
      store(to, add ? load(to) + sum[s] : sum[s]);
    }
  }

  void sum_band(const Inputs::Band& band, const float* v, float* z, bool add, float* sums) const {
    const Cut block(c.in, blocks);
    for (int64_t k = 0; k < c.out; k += kL) {
      transform(band, k, z);
      for (int i = 0; i < kPatch; ++i)
        for (int64_t b = 0; b < blocks; ++b) {
          const int64_t channel = block(b), of = block(b + 1) - channel;
          const auto some = of == 4   ? &Gradient::multiply<4>
                            : of == 3 ? &Gradient::multiply<3>
                                      : &Gradient::multiply<2>;
          (this->*some)(band.rows * inputs.columns, v + i * kPatch * inputs.plane + channel,
                        z + i * line(), add,
                        sums + (k * kPoints + i * kPatch * kL) * c.in + channel * kL);
        }
    }
  }

  // Weights of kL filters and a channel, from its sums at the points.
  void hand_out(int64_t k, int64_t channel, const float* sums) const {
    constexpr float kFactors[kPatch] = {winograd::kN0, winograd::kNa, winograd::kNa,
                                        winograd::kNb, winograd::kNb, 1};
    const float* const from = sums + (k / kL * kPoints * c.in + channel) * kL;
    winograd::weights<kTaps>(
        [&](int i, int j) {
          return kFactors[i] * kFactors[j] * load(from + (i * kPatch + j) * c.in * kL);
        },
        [&](int y, int x, V value) {
          float* const to = g.dw + k * c.w_out + channel * c.w_in +
                            (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                            (c.tx.first + x * c.tx.kernel_step) * c.w_x;
          for (int l = 0; l < kL; ++l)
            to[l * c.w_out] = g.accumulate ? to[l * c.w_out] + value[l] : value[l];
        });
  }

  void run(void* scratch) const {
    const auto copy = [&](int64_t i) {
      return reinterpret_cast<float*>(static_cast<char*>(scratch) + i * copy_bytes());
    };
    const double cost = double(c.images) * inputs.rows * inputs.columns *
                        (kPoints * c.in * (c.out / kL) * 1.3 + c.in * 10) / kBlocking.fma_per_ns;
    parallel(copies, cost, [&](int64_t task) {
      alignas(64) float z[few::kBandBytes / kFloat];
      float* const memory = z + kPatch * line();
      float* const v = memory + inputs.memory();
      inputs.clear(memory);
      const Cut band(c.images * inputs.bands, copies);
      for (int64_t i = band(task); i < band(task + 1); ++i) {
        inputs.transform(inputs(i), memory, v);
        sum_band(inputs(i), v, z, i > band(task), copy(task));
      }
    });
    add_copies(copy(0), sums(), copies, copy_bytes());
    for (int64_t k = 0; k < c.out; k += kL)
      for (int64_t i = 0; i < c.in; ++i) hand_out(k, i, copy(0));
  }
};

}  // namespace

bool suits_winograd_few_gradient(const Conv<float>& c) { return Inputs::fit(c, kTileBytes); }
int64_t winograd_few_gradient_scratch(const ConvGradient<float>& g) {
  return Gradient(g).scratch();
}
void winograd_few_gradient(const ConvGradient<float>& g, void* scratch) {
  Gradient(g).run(scratch);
}

}  // namespace fastnn::FASTNN_ISA
