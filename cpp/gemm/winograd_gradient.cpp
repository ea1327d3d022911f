// dw by Winograd: tiles of 4 x 4 (or 2 x 2) gradients and their 6 x 6 inputs at the points, 36
// products of filters by channels summed over all tiles, and back to 3 x 3 (5 x 5) weights at the
// end.
#include "base/parallel.h"
#include "gemm/rounding.h"
#include "gemm/winograd.h"

namespace fastnn::FASTNN_ISA {
namespace {

using winograd::V;
constexpr int kL = kLanes<float>;
constexpr int64_t kFloat = sizeof(float);

constexpr int64_t kBlockBytes = 512 << 10;  // patches of a task: they stay in L2
// of a task's, at a time: 5 to 14% less time than as many as fill L2 (16 and 32 channels, AVX-512).
constexpr int64_t kFewTiles = kVectorBytes == 64 ? 28 : 1 << 20;
constexpr int64_t kGroupBytes = 16 << 20;            // of all tasks together
constexpr int64_t kSumBytes = 2560 << 10;            // of all copies of the sums
constexpr int64_t kMostCopies = 16, kFewCopies = 4;  // below, tasks share the planes of one out

struct Gradient {
  const ConvGradient<float>& g;
  const Conv<float>& c;
  PatchGrid grid;
  bool pairs;  // of tiles
  int64_t tiles;
  int64_t copies;  // of the sums: 1 where tasks share the planes out
  int64_t block;   // tiles at a time
  double cost;

  explicit Gradient(const ConvGradient<float>& gradient)
      : g(gradient),
        c(gradient.of),
        grid(gradient.of.ys, tile_of(static_cast<int>(gradient.of.ty.count))),
        pairs(has_pairs<float>(gradient.of.precision)) {
    tiles = c.images * grid.per_image();
    copies = least(kSumBytes / sum_bytes() / 4 * 4, kMostCopies);
    copies = copies < kFewCopies ? 1 : least(up(tiles, 24), copies);
    const int64_t tile_bytes = kPoints * (c.in + c.out) * kFloat;
    const int64_t most_tiles = (copies > 1 ? kBlockBytes : kGroupBytes) / tile_bytes;
    block = most(least(most_tiles, up(tiles, copies)), 1);
    if (copies > 1) block = least(block, kFewTiles);
    if (pairs) block = up(block, 2) * 2;
    cost =
        double(tiles) * (kPoints * c.out * up(c.in, kL) / kBlocking.fma_per_ns / (pairs ? 2 : 1) +
                         (c.in + c.out) * 5.0);
  }

  int64_t depth(int64_t count) const { return pairs ? up(count, 2) : count; }  // of so many tiles
  int64_t v_plane() const { return depth(block) * c.in + kFarApart; }
  int64_t z_plane() const { return depth(block) * c.out + kFarApart; }
  int64_t sum_plane() const { return c.out * c.in + kFarApart; }
  int64_t sum_bytes() const { return align64(kPoints * sum_plane() * kFloat); }
  int64_t zero_bytes() const { return align64(most(c.in, c.out) * kFloat); }
  int64_t copy_bytes() const {
    return sum_bytes() + align64(kPoints * (v_plane() + z_plane()) * kFloat);
  }
  int64_t scratch() const { return zero_bytes() + copies * copy_bytes(); }

  // Gradients of a tile at the points, for a slice of the filters: put(f, filter, values).
  template <int kOut, class Put>
  [[gnu::always_inline]] void transform_gradients(const PatchGrid::Tile& tile, const Slice& filters,
                                                  const float* zeros, const Put& put) const {
    const float* at[kOut][kOut];
    float pixels[kOut * kOut * kSlice];  // of Bf16
    if (c.bf16_y) {
      const Bf16* const image = reinterpret_cast<const Bf16*>(g.dz) + tile.image * c.ys.image;
      widen_pixels({image, c.ys, tile.oy, tile.ox, kOut}, filters, pixels);
    }
    const float* const dz =
        g.dz + tile.image * c.ys.image + tile.oy * c.ys.row + tile.ox * c.ys.pixel + filters.first;
    for (int64_t i = 0; i < kOut; ++i)
      for (int64_t j = 0; j < kOut; ++j) {
        const bool in = tile.oy + i < c.ys.height && tile.ox + j < c.ys.width;
        at[i][j] = c.bf16_y ? pixels + (i * kOut + j) * kSlice
                   : in     ? dz + i * c.ys.row + j * c.ys.pixel
                            : zeros;
      }
    for (int64_t filter = 0; filter < filters.count; filter += kL)
      winograd::values<kOut>([&](int i, int j) { return load(at[i][j] + filter); },
                             [&](int f, V value) { put(f, filter, value); });
  }
  void gradients(const PatchGrid::Tile& tile, const Slice& filters, const float* zeros, float* to,
                 int64_t plane) const {
    grid.side == 4 ? gradients_of<4>(tile, filters, zeros, to, plane)
                   : gradients_of<2>(tile, filters, zeros, to, plane);
  }
  template <int kOut>
  [[gnu::noinline]] void gradients_of(const PatchGrid::Tile& tile, const Slice& filters,
                                      const float* zeros, float* to, int64_t plane) const {
    transform_gradients<kOut>(tile, filters, zeros, [=](int f, int64_t filter, V value) {
      store(to + f * plane + filter, value);
    });
  }
  void joined_gradients(const PatchGrid::Tile& tile, const Slice& filters, const float* zeros,
                        const float* first, float* to, int64_t plane) const {
    grid.side == 4 ? joined_gradients_of<4>(tile, filters, zeros, first, to, plane)
                   : joined_gradients_of<2>(tile, filters, zeros, first, to, plane);
  }
  template <int kOut>
  [[gnu::noinline]] void joined_gradients_of(const PatchGrid::Tile& tile, const Slice& filters,
                                             const float* zeros, const float* first, float* to,
                                             int64_t plane) const {
    if constexpr (kRounds)
      transform_gradients<kOut>(tile, filters, zeros, [=](int f, int64_t filter, V value) {
        store(to + f * plane + filter, joined(load(first + f * kSlice + filter), value));
      });
  }

  // Inputs and gradients of the tiles begin + [t, end) of a block; t is even where they are paired.
  void transform(int64_t begin, int64_t t, int64_t end, const float* zeros, float* v,
                 float* z) const {
    for (; t < end; t += pairs ? 2 : 1) {
      const PatchGrid::Tile tile = grid(begin + t);
      float* const to_v = v + depth(t) * c.in;
      float* const to_z = z + depth(t) * c.out;
      if (!pairs) {
        winograd_inputs(c, tile, {0, c.in}, zeros, to_v, v_plane());
        gradients(tile, {0, c.out}, zeros, to_z, z_plane());
        continue;
      }
      const bool has_next = t + 1 < end;
      const PatchGrid::Tile next = grid(begin + t + has_next);
      const bool at_once = has_next && rounds_transformed(c.precision);
      float at[2][kPoints * kSlice];
      const auto join = [&](const Slice& s, float* to, int64_t plane) {
        join_rows<float>(c.precision, kPoints, s.count, at[0], has_next ? at[1] : nullptr, kSlice,
                         to, plane);
      };
      for_slices(c.in, [&](const Slice& s) {
        float* const to = to_v + s.first;
        winograd_inputs(c, tile, s, zeros, at[0], kSlice);
        if (at_once) return winograd_joined_inputs(c, next, s, zeros, at[0], to, v_plane());
        if (has_next) winograd_inputs(c, next, s, zeros, at[1], kSlice);
        join(s, to, v_plane());
      });
      for_slices(c.out, [&](const Slice& s) {
        float* const to = to_z + s.first;
        gradients(tile, s, zeros, at[0], kSlice);
        if (at_once) return joined_gradients(next, s, zeros, at[0], to, z_plane());
        if (has_next) gradients(next, s, zeros, at[1], kSlice);
        join(s, to, z_plane());
      });
    }
  }

  void add_products(int64_t f, int64_t planes, int64_t count, const float* v, const float* z,
                    float* sums, bool add) const {
    multiply_planes({planes, c.out, c.in, depth(count),                  //
                     z + f * z_plane(), z_plane(), 1, c.out,             //
                     v + f * v_plane(), v_plane(), c.in, kPanel<float>,  //
                     sums + f * sum_plane(), sum_plane(), c.in, add, c.precision});
  }

  float* memory(void* scratch, int64_t copy) const {
    return reinterpret_cast<float*>(static_cast<char*>(scratch) + zero_bytes() +
                                    copy * copy_bytes());
  }

  void run_alone(const float* zeros, void* scratch) const {
    parallel(copies, cost, [&](int64_t task) {
      const Cut cut(tiles, copies);
      float* const sums = memory(scratch, task);
      float* const v = sums + sum_bytes() / kFloat;
      float* const z = v + kPoints * v_plane();
      const int64_t first = cut(task), end = cut(task + 1);
      for (int64_t begin = first; begin < end; begin += block) {
        const int64_t count = least(block, end - begin);
        transform(begin, 0, count, zeros, v, z);
        add_products(0, kPoints, count, v, z, sums, begin > first);
      }
    });
  }

  void run_together(const float* zeros, void* scratch) const {
    float* const sums = memory(scratch, 0);
    float* const v = sums + sum_bytes() / kFloat;
    float* const z = v + kPoints * v_plane();
    for (int64_t begin = 0; begin < tiles; begin += block) {
      const int64_t count = least(block, tiles - begin);
      const double share = cost * count / tiles;
      parallel_chunks(count, 4, share * 0.2,
                      [&](int64_t t, int64_t end) { transform(begin, t, end, zeros, v, z); });
      parallel(kPoints, share,
               [&](int64_t f) { add_products(f, 1, count, v, z, sums, begin > 0); });
    }
  }

  // The weights of one filter, from the sums of all copies.
  void hand_out(int64_t filter, void* scratch) const {
    c.ty.count == 3 ? hand_out_of<3>(filter, scratch) : hand_out_of<5>(filter, scratch);
  }
  template <int kTaps>
  [[gnu::noinline]] void hand_out_of(int64_t filter, void* scratch) const {
    for (int64_t channel = 0; channel < c.in; channel += kL)
      winograd::weights<kTaps>(
          [&](int i, int j) {
            const int64_t at = (i * 6 + j) * sum_plane() + filter * c.in + channel;
            V sum = load(memory(scratch, 0) + at);
            for (int64_t s = 1; s < copies; ++s) sum += load(memory(scratch, s) + at);
            return sum;
          },
          [&](int y, int x, V value) {
            float* const to = g.dw + filter * c.w_out + channel * c.w_in +
                              (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                              (c.tx.first + x * c.tx.kernel_step) * c.w_x;
            for (int l = 0; l < kL; ++l)
              to[l * c.w_in] = g.accumulate ? to[l * c.w_in] + value[l] : value[l];
          });
  }

  void run(void* scratch) const {
    float* const zeros = static_cast<float*>(scratch);
    __builtin_memset(zeros, 0, zero_bytes());
    copies > 1 ? run_alone(zeros, scratch) : run_together(zeros, scratch);
    parallel_chunks(c.out, 4, double(c.out) * c.in * (5 + 5 * copies),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t k = begin; k < end; ++k) hand_out(k, scratch);
                    });
  }
};

}  // namespace

int64_t winograd_gradient_scratch(const ConvGradient<float>& g) { return Gradient(g).scratch(); }
void winograd_gradient(const ConvGradient<float>& g, void* scratch) { Gradient(g).run(scratch); }

}  // namespace fastnn::FASTNN_ISA
