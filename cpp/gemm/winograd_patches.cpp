// What both ways through Winograd's transforms share: patches of inputs at the points, and the
// products of all planes.
#include "gemm/pack.h"
#include "gemm/rounding.h"
#include "gemm/winograd.h"

namespace fastnn::FASTNN_ISA {

using winograd::V;
constexpr int kL = kLanes<float>;

namespace {

// put(f, channel, values) of a patch.
template <class Put>
[[gnu::always_inline]] inline void transform_inputs(const Conv<float>& c,
                                                    const PatchGrid::Tile& tile,
                                                    const Slice& channels, const float* zeros,
                                                    const Put& put) {
  const int64_t top = tile.oy + c.ty.offset, left = tile.ox + c.tx.offset;
  const int64_t row = c.xs.row, pixel = c.xs.pixel;
  const float* const first =
      c.x + tile.image * c.xs.image + top * row + left * pixel + channels.first;
  int64_t from = 0, count = channels.count;
  const auto transform = [&](const auto& at) {
    for (int64_t channel = 0; channel < count; channel += kL)
      winograd::inputs([&](int i, int j) { return load(at(i, j) + channel); },
                       [&](int f, V value) { put(f, from + channel, value); });
  };
  if (!c.bf16_x && top >= 0 && left >= 0 && top + kPatch <= c.xs.height &&
      left + kPatch <= c.xs.width)
    return transform([=](int i, int j) { return first + i * row + j * pixel; });
  const float* at[kPatch][kPatch];
  float patch[kPoints * kSlice];  // of Bf16
  for (int64_t i = 0; i < kPatch; ++i) {
    const bool is_row = top + i >= 0 && top + i < c.xs.height;
    for (int64_t j = 0; j < kPatch; ++j) {
      const bool is_pixel = is_row && left + j >= 0 && left + j < c.xs.width;
      at[i][j] = c.bf16_x   ? patch + (i * kPatch + j) * kSlice
                 : is_pixel ? first + i * row + j * pixel
                            : zeros;
    }
  }
  for (; from < channels.count; from += count) {
    if (c.bf16_x) {
      count = least(kSlice, channels.count - from);
      const Bf16* const image = reinterpret_cast<const Bf16*>(c.x) + tile.image * c.xs.image;
      widen_pixels({image, c.xs, top, left, kPatch}, {channels.first + from, count}, patch);
    }
    transform([&](int i, int j) { return at[i][j]; });
  }
}

}  // namespace

void widen_pixels(const Bf16Pixels& p, const Slice& channels, float* to) {
  for (int64_t i = 0; i < p.side; ++i)
    for (int64_t j = 0; j < p.side; ++j, to += kSlice) {
      const int64_t y = p.y + i, x = p.x + j;
      const bool is_pixel = y >= 0 && y < p.in.height && x >= 0 && x < p.in.width;
      const Bf16* const from = p.image + y * p.in.row + x * p.in.pixel + channels.first;
      for (int64_t channel = 0; channel < channels.count; channel += kL)
        store(to + channel, is_pixel ? widened<V>(from + channel) : V{});
    }
}

void winograd_inputs(const Conv<float>& c, const PatchGrid::Tile& tile, const Slice& channels,
                     const float* zeros, float* to, int64_t plane) {
  transform_inputs(c, tile, channels, zeros, [=](int f, int64_t channel, V value) {
    store(to + f * plane + channel, value);
  });
}

bool rounds_transformed(Precision precision) { return kRounds && precision == Precision::kBf16; }

void winograd_rounded_inputs(const Conv<float>& c, const PatchGrid::Tile& tile, const float* zeros,
                             float* to, int64_t plane) {
  if constexpr (kRounds)
    transform_inputs(c, tile, {0, c.in}, zeros, [=](int f, int64_t channel, V value) {
      put_rounded(Precision::kBf16, reinterpret_cast<Bf16*>(to + f * plane) + channel, value);
    });
}

void winograd_joined_inputs(const Conv<float>& c, const PatchGrid::Tile& tile,
                            const Slice& channels, const float* zeros, const float* first,
                            float* to, int64_t plane) {
  if constexpr (kRounds)
    transform_inputs(c, tile, channels, zeros, [=](int f, int64_t channel, V value) {
      store(to + f * plane + channel, joined(load(first + f * kSlice + channel), value));
    });
}

void multiply_planes(const PlaneProducts& p) {
  const TileKernels<float>& kernels = tile_kernels<float>(p.precision);
  const int64_t tiles = up(p.m, kBlocking.mr), blocks = up(p.k, kBlocking.kc);
  const Cut row(p.m, tiles), depth(p.k, blocks);
  Stretch<float> stretch{};
  TileArgs<float> t{};
  t.stretches = &stretch;
  t.n_stretches = 1;
  t.a_row = p.a_row;
  t.a_col = p.a_col;
  t.ldc = p.ldc;
  t.plain = true;
  // One row of tiles: a call goes through all planes, or else through the tiles of one.
  const bool is_flat = tiles == 1;
  for (int64_t plane = 0; plane < (is_flat ? 1 : p.planes); ++plane)
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t q = depth(block);
      stretch.k = t.k = depth(block + 1) - q;
      stretch.b_row = p.b_row;
      t.add = p.add || block > 0;
      for (int64_t j = 0; j < p.n; j += kPanel<float>) {
        t.cols = least(kPanel<float>, p.n - j);
        stretch.b = p.b + plane * p.b_plane + j / kPanel<float> * p.b_panel + q * p.b_row;
        const float* const a = p.a + plane * p.a_plane + q * p.a_col;
        float* const c = p.c + plane * p.c_plane + j;
        for (int64_t tile = 0; tile < tiles; tile += t.count) {
          const bool longer = tile < row.longer;
          const int64_t rows = row.size + longer;
          t.count = is_flat ? p.planes : longer ? row.longer : tiles - tile;
          t.a = a + row(tile) * p.a_row;
          t.a_step = is_flat ? p.a_plane : rows * p.a_row;
          t.b_step = is_flat ? p.b_plane : 0;
          t.c = c + row(tile) * p.ldc;
          t.c_step = is_flat ? p.c_plane : rows * p.ldc;
          kernels.at[rows][t.cols / kL](t);
        }
      }
    }
}

}  // namespace fastnn::FASTNN_ISA
