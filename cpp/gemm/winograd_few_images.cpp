// The inputs' gradient of few channels by Winograd: a convolution of whole vectors of channels into
// few, of sixteen images at a time. Each tile of 2 x 2 inputs spreads over a patch of 6 x 6
// outputs: the product of two polynomials at the points, and back.
#include "base/parallel.h"
#include "gemm/winograd_few.h"
#include "simd/transpose.h"

namespace fastnn::FASTNN_ISA {
namespace {

using few::kMostOfBlock;
using few::kReach;
using few::kSide;
using winograd::V;
constexpr int kL = kLanes<float>;
constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kTasks = 16;
constexpr int64_t kTaskBytes = 512 << 10;  // they stay in L2

struct Spread {
  const Conv<float>& c;
  int64_t rows, columns;  // of tiles of inputs
  int64_t top, left;      // where the first patch begins
  int64_t high, wide;     // outputs under all patches
  int64_t groups, tasks;  // of kL images

  explicit Spread(const Conv<float>& conv) : c(conv) {
    rows = up(c.xs.height, kSide);
    columns = up(c.xs.width, kSide);
    top = -c.ty.offset - kReach;
    left = -c.tx.offset - kReach;
    high = rows * kSide + kReach;
    wide = columns * kSide + kReach;
    groups = up(c.images, kL);
    tasks = least(groups, kTasks);
  }

  // --- memory: weights at the points; and of a task in vectors of images: two rows of inputs,
  // one of them at a point, a row of patches at the points, and one of outputs ---
  int64_t plane() const { return c.in * c.out; }
  int64_t weight_bytes() const { return align64(kPoints * plane() * kFloat); }
  int64_t row() const { return columns * kSide * c.in * kL; }  // elements of a row of inputs
  int64_t sum_row() const { return wide * c.out * kL; }
  int64_t task_bytes() const { return (3 * row() + 2 * kPatch * sum_row()) * kFloat; }
  int64_t scratch() const { return weight_bytes() + tasks * task_bytes(); }

  void set_weights(float* u) const {
    parallel(c.in / kL, double(c.in / kL) * c.out * few::kKernelsCost * 3, [&](int64_t block) {
      const float* const w = c.w + block * kL * c.w_in;
      for (int64_t k = 0; k < c.out; ++k) {
        float at[kPoints * kL];
        winograd_kernels(c, w + k * c.w_out, c.w_in, true, at, kL);
        for (int64_t f = 0; f < kPoints; ++f)
          for (int64_t l = 0; l < kL; ++l)
            u[f * plane() + (block * kL + l) * c.out + k] = at[f * kL + l];
      }
    });
  }

  // Row y of the inputs of `count` images: [pixel][channel][image], zeros where there are no
  // pixels.
  void turn_row(int64_t image, int64_t count, int64_t y, float* to) const {
    if (y >= c.xs.height) {
      __builtin_memset(to, 0, row() * kFloat);
      return;
    }
    const float* const from = c.x + image * c.xs.image + y * c.xs.row;
    const int64_t pixel = c.in * kL, used = c.xs.width * pixel;
    for (int64_t x = 0; x < c.xs.width; ++x)
      for (int64_t i = 0; i < c.in; i += kL)
        transpose_block(from + x * c.xs.pixel + i, {c.xs.image, count}, to + x * pixel + i * kL,
                        {kL, kL});
    __builtin_memset(to + used, 0, (row() - used) * kFloat);
  }

  // Tiles of a row of them at points i * kPatch + j, into a line of outputs [pixel][filter][image].
  template <int kCount>
  [[gnu::noinline]] void multiply(const float* z, const float* u, float* line) const {
    const int64_t pixel = c.in * kL, put = c.out * kL;
    for (int64_t tile = 0; tile < columns; ++tile, z += kSide * pixel, line += kSide * put) {
      V sum[kPatch * kCount] = {};
      few::add_products<kCount>({c.in, z, z + pixel, kL, u, plane(), c.out}, sum);
#pragma GCC unroll 4
      for (int i = 0; i < kCount; ++i) {
        V m[kPatch], o[kPatch];
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j) m[j] = sum[j * kCount + i];
        winograd::coefficients(m, o);
#pragma GCC unroll 6
        for (int j = 0; j < kPatch; ++j) {
          float* const to = line + j * put + i * kL;
          store(to, tile > 0 && j < kPatch - kSide ? load(to) + o[j] : o[j]);
        }
      }
    }
  }

  void run_group(int64_t group, const float* u, float* memory) const {
    const int64_t image = group * kL, count = least(c.images - image, kL);
    float* const first = memory;
    float* const second = first + row();
    float* const at_point = second + row();
    float* const lines = at_point + row();
    float* const sums = lines + kPatch * sum_row();
    const Cut block(c.out, up(c.out, kMostOfBlock));
    for (int64_t tile = 0; tile < rows; ++tile) {
      turn_row(image, count, tile * kSide, first);
      turn_row(image, count, tile * kSide + 1, second);
      for (int i = 0; i < kPatch; ++i) {
        const float* z = i == 0 ? first : i == kPatch - 1 ? second : at_point;
        if (z == at_point) {
          const float point = (i % 2 ? 1 : -1) * (i < 3 ? winograd::kA : winograd::kB);
          for (int64_t e = 0; e < row(); e += kL)
            store(at_point + e, load(first + e) + point * load(second + e));
        }
        for (int64_t b = 0; b < up(c.out, kMostOfBlock); ++b) {
          const int64_t k = block(b), of = block(b + 1) - k;
          const auto some = of == 4   ? &Spread::multiply<4>
                            : of == 3 ? &Spread::multiply<3>
                            : of == 2 ? &Spread::multiply<2>
                                      : &Spread::multiply<1>;
          (this->*some)(z, u + i * kPatch * plane() + k, lines + i * sum_row() + k * kL);
        }
      }
      // Of six rows of outputs four were begun before, in a ring of six.
      float* ring[kPatch];
      for (int i = 0; i < kPatch; ++i) ring[i] = sums + (tile * kSide + i) % kPatch * sum_row();
      const int64_t length = sum_row();
      for (int64_t e = 0; e < length; e += kL) {
        V m[kPatch], o[kPatch];
#pragma GCC unroll 6
        for (int i = 0; i < kPatch; ++i) m[i] = load(lines + i * length + e);
        winograd::coefficients(m, o);
#pragma GCC unroll 6
        for (int i = 0; i < kPatch; ++i)
          store(ring[i] + e, tile > 0 && i < kPatch - kSide ? load(ring[i] + e) + o[i] : o[i]);
      }
      for (int i = 0; i < (tile + 1 < rows ? kSide : kPatch); ++i)
        put_row(image, count, tile * kSide + i + top, ring[i]);
    }
  }

  // Row y of outputs of `count` images, if there is one.
  void put_row(int64_t image, int64_t count, int64_t y, const float* sums) const {
    if (y < 0 || y >= c.ys.height) return;
    const float* const from = sums - left * c.out * kL;
    float* const to = c.y + image * c.ys.image + y * c.ys.row;
    const int64_t length = c.ys.width * c.out;
    for (int64_t e = 0; e < length; e += kL) {
      const int64_t at = least(e, length - kL);
      if (!c.accumulate) {
        transpose_block(from + at * kL, {kL, kL}, to + at, {c.ys.image, count});
        continue;
      }
      float block[kL * kL];
      transpose_block(from + at * kL, {kL, kL}, block, {kL, count});
      for (int64_t l = 0; l < count; ++l)
        for (int64_t j = e - at; j < kL; ++j)  // the others were added before
          to[l * c.ys.image + at + j] += block[l * kL + j];
    }
  }

  void run(void* scratch) const {
    float* const u = static_cast<float*>(scratch);
    set_weights(u);
    const double fmas = double(groups) * rows * columns * c.in * c.out * kPoints;
    const double cost = fmas * 1.8 / kBlocking.fma_per_ns;
    parallel(tasks, cost, [&](int64_t task) {
      float* const memory = u + (weight_bytes() + task * task_bytes()) / kFloat;
      const Cut group(groups, tasks);
      for (int64_t i = group(task); i < group(task + 1); ++i) run_group(i, u, memory);
    });
  }
};

}  // namespace

bool suits_winograd_few_images(const Conv<float>& c) {
  if (!c.is_gradient || !few::has_kernel(c) || c.in % kL != 0 || c.out > few::kMostChannels ||
      c.ys.pixel != c.out || c.ys.row != c.ys.width * c.out || c.ys.row < kL)
    return false;
  const Spread spread(c);
  // Each output must be under a patch. Of all lanes five in eight must be images: a group
  // takes as long as eight by themselves.
  return spread.top <= 0 && spread.left <= 0 && spread.high + spread.top >= c.ys.height &&
         spread.wide + spread.left >= c.ys.width && spread.task_bytes() <= kTaskBytes &&
         c.images * 8 >= spread.groups * kL * 5;
}

int64_t winograd_few_images_scratch(const Conv<float>& c) { return Spread(c).scratch(); }
void winograd_few_images(const Conv<float>& c, void* scratch) { Spread(c).run(scratch); }

}  // namespace fastnn::FASTNN_ISA
