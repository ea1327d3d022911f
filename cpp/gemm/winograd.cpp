#include "gemm/winograd.h"

#include "base/parallel.h"
#include "gemm/pack.h"
#include "gemm/rounding.h"

namespace fastnn::FASTNN_ISA {

using winograd::V;
constexpr int kL = kLanes<float>;
constexpr int64_t kFloat = sizeof(float);

bool suits_winograd(const Conv<float>& c) {
  // All elements of a kernel, one after the other: phases of larger ones have three taps too.
  const int64_t taps = c.ty.count;
  const auto is_plain = [taps](const Taps& t) {
    return t.count == taps && t.stride == 1 && t.step == 1 &&
           (t.kernel_step == 1 ? t.first == 0 : t.kernel_step == -1 && t.first == taps - 1);
  };
  if ((taps != 3 && taps != 5) || !is_plain(c.ty) || !is_plain(c.tx) || c.w_y != taps ||
      c.w_x != 1 || c.in % kL != 0 || c.out % kL != 0)
    return false;
  if (c.in < 16 || c.out < 16) return false;
  // Rounded, few channels are summed directly: a fifth of the error, and a step of ResNet-20 takes
  // 5% less (Zen 4).
  if (has_pairs<float>(c.precision) && c.in * c.out <= 16 * 16) return false;
  // Tiles that reach over the edge compute for nothing. Few tiles do not pay for large weights,
  // which grow to four times their size (AlexNet's third convolution, one image: 7 times slower).
  const int64_t side = tile_of(static_cast<int>(taps));
  const PatchGrid grid(c.ys, side);
  if (c.images * grid.per_image() < 64 && c.in * c.out > 64 * 64) return false;
  return grid.per_image() * side * side < 2.0 * c.ys.height * c.ys.width;
}

namespace {

// The taps of as many kernels as a vector has lanes, `next` elements apart: g[tap][kernel]. Four
// taps at a time, turned in registers; the last block shares taps with the one before.
template <int kTaps>
inline void load_taps(const float* w, int64_t next, V (&g)[kTaps * kTaps]) {
  constexpr int kFour = kBlock<float>, kLast = kTaps * kTaps - kFour;
  for (int at = 0; at < kLast + kFour; at += kFour) {
    const int tap = at < kLast ? at : kLast;
    V r[kFour];
#pragma GCC unroll 4
    for (int i = 0; i < kFour; ++i)
      r[i] = gather_lanes<float, kVectorBytes>(w + i * next + tap, next);
    transpose_lanes<float, kVectorBytes>(r);
#pragma GCC unroll 4
    for (int i = 0; i < kFour; ++i) g[tap + i] = r[i];
  }
}

template <int kTaps>
[[gnu::noinline]] void kernels_of(const Conv<float>& c, const float* w, int64_t next, bool turned,
                                  float* to, int64_t plane) {
  V taps[kTaps * kTaps];
  load_taps<kTaps>(w, next, taps);
  const auto place = [turned](const Taps& t, int tap) {
    return t.first + (turned ? kTaps - 1 - tap : tap) * t.kernel_step;
  };
  const auto at = [&](int y, int x) { return taps[place(c.ty, y) * kTaps + place(c.tx, x)]; };
  winograd::values<kTaps>(at, [=](int f, V value) { store(to + f * plane, value); });
}

}  // namespace

void winograd_kernels(const Conv<float>& c, const float* w, int64_t next, bool turned, float* to,
                      int64_t plane) {
  c.ty.count == 3 ? kernels_of<3>(c, w, next, turned, to, plane)
                  : kernels_of<5>(c, w, next, turned, to, plane);
}

namespace {

// Patches of as many tiles as the registers hold rows of, where they take no more. Six tiles must
// fit into L1 to be worth that the weights are read again for every six; fourteen need not
// (AVX-512, 16 to 32 channels: 10 to 17% faster than blocks that fill L2; 64: 0 to 9%).
constexpr int64_t kSmallBytes = kVectorBytes == 64 ? 128 << 10 : 20 << 10;
constexpr int64_t kBlockBytes = 512 << 10;  // patches and products of a task: they stay in L2
constexpr int64_t kGroupBytes = 24 << 20;   // of all tasks together, where they share the weights
constexpr int64_t kPrivate = 640 << 10;     // bytes of weights that every task may stream by itself
constexpr int64_t kTasks = 16;

// y = act(w * x + b). Small weights: each task takes its own tiles through all three stages, block
// by block in L2. Large ones: all tasks do one stage after the other, so that the weights of a
// plane are read once for many tiles.
struct Forward {
  const Conv<float>& c;
  PatchGrid grid;
  bool pairs;
  int64_t depth;  // channels, or pairs of them
  int64_t tiles, panels;
  bool alone;     // each task for itself
  int64_t block;  // tiles at a time
  int64_t tasks;
  double cost;

  explicit Forward(const Conv<float>& conv)
      : c(conv),
        grid(conv.ys, tile_of(static_cast<int>(conv.ty.count))),
        pairs(has_pairs<float>(conv.precision)),
        depth(pairs ? conv.in / 2 : conv.in) {
    tiles = c.images * grid.per_image();
    panels = up(c.out, kPanel<float>);
    alone = weight_bytes() <= kPrivate;
    const int64_t tile_bytes = kPoints * (depth + c.out) * kFloat;
    const int64_t most_tiles = (alone ? kBlockBytes : kGroupBytes) / tile_bytes;
    block = least(most(most_tiles / 6 * 6, 6), tiles);
    tasks = alone ? least(up(tiles, 6), kTasks) : 1;
    if (alone) block = least(block, up(tiles, tasks));
    if (alone && is_small()) block = in_blocks(tiles);
    cost = double(tiles) *
           (kPoints * depth * up(c.out, kL) / kBlocking.fma_per_ns + (c.in + c.out) * 5.0);
  }

  // Evenly, so that no block leaves registers empty.
  static int64_t in_blocks(int64_t n) { return up(n, up(n, kBlocking.mr)); }
  bool is_small() const { return kPoints * kBlocking.mr * depth * kFloat <= kSmallBytes; }
  int64_t u_plane() const { return panels * depth * kPanel<float> + kFarApart; }
  int64_t weight_bytes() const { return align64(kPoints * u_plane() * kFloat); }
  int64_t v_plane() const { return block * depth + kFarApart; }
  int64_t m_plane() const { return block * c.out + kFarApart; }
  int64_t zero_bytes() const { return align64(c.in * kFloat); }
  int64_t task_bytes() const { return align64(kPoints * (v_plane() + m_plane()) * kFloat); }
  int64_t scratch() const { return weight_bytes() + zero_bytes() + tasks * task_bytes(); }

  // Filters of one panel into U: plane by plane, rows of channels (or pairs) q0..q1.
  void weights(int64_t panel, int64_t q0, int64_t q1, float* u) const {
    const int64_t filters = least(kPanel<float>, c.out - panel * kPanel<float>);
    const float* const w = c.w + panel * kPanel<float> * c.w_out;
    for (int64_t q = q0; q < q1; ++q)
      for (int64_t from = 0; from < filters; from += kL) {
        float* const to = u + (panel * depth + q) * kPanel<float> + from;
        const float* const first = w + from * c.w_out + (pairs ? 2 * q : q) * c.w_in;
        if (!pairs) {
          winograd_kernels(c, first, c.w_out, false, to, u_plane());
          continue;
        }
        float at[2][kPoints * kL];
        for (int i = 0; i < 2; ++i)
          winograd_kernels(c, first + i * c.w_in, c.w_out, false, at[i], kL);
        join_rows<float>(c.precision, kPoints, kL, at[0], at[1], kL, to, u_plane());
      }
  }

  void inputs(const PatchGrid::Tile& tile, const float* zeros, float* to) const {
    if (!pairs) return winograd_inputs(c, tile, {0, c.in}, zeros, to, v_plane());
    if (rounds_transformed(c.precision))
      return winograd_rounded_inputs(c, tile, zeros, to, v_plane());
    for_slices(c.in, [&](const Slice& slice) {
      float at[kPoints * kSlice];
      winograd_inputs(c, tile, slice, zeros, at, kSlice);
      round_rows(c.precision, kPoints, slice.count, at, kSlice, to + slice.first / 2, v_plane());
    });
  }

  void products(int64_t f, int64_t planes, int64_t count, const float* u, const float* v,
                float* m) const {
    const int64_t panel = depth * kPanel<float>;
    multiply_planes({planes, count, c.out, depth,                         //
                     v + f * v_plane(), v_plane(), depth, 1,              //
                     u + f * u_plane(), u_plane(), kPanel<float>, panel,  //
                     m + f * m_plane(), m_plane(), c.out, false, c.precision});
  }

  // Products of one tile into its outputs.
  void outputs(const PatchGrid::Tile& tile, const float* m) const {
    grid.side == 4 ? outputs_of<4>(tile, m) : outputs_of<2>(tile, m);
  }
  template <int kOut>
  [[gnu::noinline]] void outputs_of(const PatchGrid::Tile& tile, const float* m) const {
    const int64_t rows = least(kOut, c.ys.height - tile.oy);
    const int64_t columns = least(kOut, c.ys.width - tile.ox);
    const int64_t place = tile.image * c.ys.image + tile.oy * c.ys.row + tile.ox * c.ys.pixel;
    float* const y = element(c.y, place, c.bf16_y);
    const bool is_relu = c.activation == Activation::kRelu;
    for (int64_t channel = 0; channel < c.out; channel += kL) {
      const V bias = c.bias ? load(c.bias + channel) : V{};
      const V scale = c.scale ? load(c.scale + channel) : fill(1.0f);
      const auto at = [&](int i, int j) { return load(m + (i * 6 + j) * m_plane() + channel); };
      winograd::results<kOut>(at, [&](int i, const V(&o)[kOut]) {
        if (i >= rows) return;
        if (c.bf16_y) {
          Bf16* const to = reinterpret_cast<Bf16*>(y) + i * c.ys.row + channel;
          for (int64_t j = 0; j < columns; ++j)
            put_rounded(c.precision, to + j * c.ys.pixel, o[j] + bias);
          return;
        }
        float* const to = y + i * c.ys.row + channel;
        const float* const more = c.residual     ? c.residual + (to - c.y)
                                  : c.accumulate ? to
                                                 : nullptr;
        for (int64_t j = 0; j < columns; ++j) {
          V value = scale * o[j] + bias;
          if (more) value += load(more + j * c.ys.pixel);
          if (is_relu) value = value < V{} ? V{} : value;
          store(to + j * c.ys.pixel, value);
        }
      });
    }
    if (is_relu || c.activation == Activation::kLinear) return;
    for (int64_t i = 0; i < rows; ++i)
      if (c.ys.pixel == c.out)
        activate(c.activation, c.alpha, y + i * c.ys.row, columns * c.out);
      else
        for (int64_t j = 0; j < columns; ++j)
          activate(c.activation, c.alpha, y + i * c.ys.row + j * c.ys.pixel, c.out);
  }

  void run(void* scratch) const {
    float* const u = static_cast<float*>(scratch);
    float* const zeros = u + weight_bytes() / kFloat;
    float* const memory = zeros + zero_bytes() / kFloat;
    __builtin_memset(zeros, 0, zero_bytes());
    // Channels are shared out as well: panels may be few.
    const int64_t parts = least(up(depth, 8), up(kTasks, panels));
    parallel(panels * parts, double(c.in) * c.out * 5, [&](int64_t task) {
      const Cut channel(depth, parts);
      weights(task / parts, channel(task % parts), channel(task % parts + 1), u);
    });
    alone ? run_alone(u, zeros, memory) : run_together(u, zeros, memory);
  }

  // Tiles [begin, end) through all three stages.
  void run_tiles(int64_t begin, int64_t end, const float* u, const float* zeros, float* v) const {
    float* const m = v + kPoints * v_plane();
    for (; begin < end; begin += block) {
      const int64_t count = least(block, end - begin);
      for (int64_t t = 0; t < count; ++t) inputs(grid(begin + t), zeros, v + t * depth);
      products(0, kPoints, count, u, v, m);
      for (int64_t t = 0; t < count; ++t) outputs(grid(begin + t), m + t * c.out);
    }
  }

  void run_alone(const float* u, const float* zeros, float* memory) const {
    parallel(tasks, cost, [&](int64_t task) {
      const Cut cut(tiles, tasks);
      run_tiles(cut(task), cut(task + 1), u, zeros, memory + task * task_bytes() / kFloat);
    });
  }

  void run_together(const float* u, const float* zeros, float* v) const {
    float* const m = v + kPoints * v_plane();
    for (int64_t begin = 0; begin < tiles; begin += block) {
      const int64_t count = least(block, tiles - begin);
      const double share = cost * count / tiles;
      parallel_chunks(count, 4, share * 0.1, [&](int64_t t, int64_t end) {
        for (; t < end; ++t) inputs(grid(begin + t), zeros, v + t * depth);
      });
      parallel(kPoints, share, [&](int64_t f) { products(f, 1, count, u, v, m); });
      parallel_chunks(count, 4, share * 0.1, [&](int64_t t, int64_t end) {
        for (; t < end; ++t) outputs(grid(begin + t), m + t * c.out);
      });
    }
  }
};

// Little work, one image: cut into a few pieces, of the filters or of the tiles, that share
// nothing. Each transforms its weights itself and finds the memory for them in its core's cache
// again, where weights that one core transforms and another reads would travel (ResNet-20, 2
// threads: 310 us instead of 480; alone 445).
struct Pieces {
  const Conv<float>& c;
  bool of_filters;
  int64_t units;  // what is cut: vectors or panels of filters, or tiles
  int64_t count;
  double cost;

  explicit Pieces(const Conv<float>& conv) : c(conv) {
    constexpr double kLittle = 1e5;                    // ns
    constexpr double kWeight = 3, kInput = 1.7;        // ns of a transform, by channels
    constexpr double kRepeated = 1.0 / 16, kMost = 4;  // of the work
    const Forward whole(c);
    const double weights = double(c.in) * c.out * kWeight;
    const double inputs = double(whole.tiles) * c.in * kInput;
    of_filters = weights > inputs && c.out > kL;
    units = !of_filters ? whole.tiles : c.out > kPanel<float> ? whole.panels : up(c.out, kL);
    cost = whole.cost + weights;
    const double pieces = 1 + cost * kRepeated / (of_filters ? inputs : weights);
    count = whole.alone && cost < kLittle
                ? least(units, static_cast<int64_t>(pieces < kMost ? pieces : kMost))
                : 1;
  }

  int64_t width() const { return !of_filters ? c.out : c.out > kPanel<float> ? kPanel<float> : kL; }
  // Filters [k0, k1) alone.
  Conv<float> part(int64_t k0, int64_t k1) const {
    Conv<float> p = c;
    p.out = k1 - k0;
    p.w += k0 * c.w_out;
    p.y = element(c.y, k0, c.bf16_y);
    if (c.bias) p.bias += k0;
    if (c.scale) p.scale += k0;
    if (c.residual) p.residual += k0;
    return p;
  }
  Conv<float> part(int64_t piece) const {
    if (!of_filters) return c;
    const Cut unit(units, count);
    return part(unit(piece) * width(), least(c.out, unit(piece + 1) * width()));
  }
  int64_t piece_bytes() const {  // the first is the largest
    const Conv<float> p = part(0);
    const Forward f(p);
    return f.weight_bytes() + f.zero_bytes() + f.task_bytes();
  }

  void run(void* scratch) const {
    parallel(count, cost, [&](int64_t piece) {
      const Conv<float> p = part(piece);
      Forward f(p);
      const Cut tile(f.tiles, of_filters ? 1 : count);
      const int64_t begin = of_filters ? 0 : tile(piece),
                    end = of_filters ? f.tiles : tile(piece + 1);
      if (f.is_small()) f.block = least(f.block, f.in_blocks(end - begin));
      float* const u = static_cast<float*>(scratch) + piece * piece_bytes() / kFloat;
      float* const zeros = u + f.weight_bytes() / kFloat;
      __builtin_memset(zeros, 0, f.zero_bytes());
      for (int64_t panel = 0; panel < f.panels; ++panel) f.weights(panel, 0, f.depth, u);
      f.run_tiles(begin, end, u, zeros, zeros + f.zero_bytes() / kFloat);
    });
  }
};

}  // namespace

int64_t winograd_scratch(const Conv<float>& c) {
  const Pieces pieces(c);
  return pieces.count > 1 ? pieces.count * pieces.piece_bytes() : Forward(c).scratch();
}
void winograd_conv(const Conv<float>& c, void* scratch) {
  const Pieces pieces(c);
  pieces.count > 1 ? pieces.run(scratch) : Forward(c).run(scratch);
}

}  // namespace fastnn::FASTNN_ISA
