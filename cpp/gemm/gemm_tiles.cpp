// C = act(A B + bias) by outer-product tiles: the loops around the kernels, what is packed and
// when, the split into tasks.
#include "base/ahead.h"
#include "base/parallel.h"
#include "gemm/gemm_ways.h"
#include "gemm/micro_kernel.h"
#include "gemm/pack.h"
#include "gemm/pack_pairs.h"

namespace fastnn::FASTNN_ISA {
namespace {

// Elements of A in scratch at once, and several blocks of k where they are fewer. Another group of
// rows packs all of B again: where kc is 1024, groups twice as large are as fast.
constexpr int64_t kMostPacked = 9 << 17;
constexpr int64_t kMostBlocks = 1 << 20;
constexpr int64_t kMostTouched = 16 << 20;  // bytes of C that a task's rows reach over,
constexpr int64_t kLeastCut = 64;           // but not fewer tiles than these

// Rows are cut evenly: 128 rows are tiles of 6 and 5, never a last one of 2 that starves the FMA
// units.
template <class T>
struct Tiles {
  const Gemm<T> g;  // with pairs, k counts them, and the strides along k step over two numbers
  Choice choice;
  bool pairs;
  int64_t numbers;  // along k
  int64_t count;    // of row tiles
  Cut row;          // where they start
  int64_t width;    // columns of a panel
  int64_t panels;
  int64_t depth;        // k of a block
  int64_t block_tiles;  // of A, by so much k, that stay in L2
  int64_t group_tiles;  // what is packed of A at once: rows,
  int64_t group_k;      // and k, whole blocks
  T* packed_a;
  const TileKernels<T>& kernels = tile_kernels<T>(g.precision);

  Tiles(const Gemm<T>& gemm, Choice c, void* scratch)
      : g(has_pairs<T>(gemm.precision) ? in_pairs(gemm) : gemm),
        choice(c),
        pairs(has_pairs<T>(gemm.precision)),
        numbers(gemm.k),
        count(up(g.m, most_rows(g, c))),
        row(g.m, count),
        packed_a(static_cast<T*>(scratch)) {
    const int rows = static_cast<int>(up(g.m, count));
    width = choice.pack_b ? kPanel<T> : wide_nr<T>(rows) * kLanes<T>;
    panels = up(g.n, width);
    depth = up(g.k, up(g.k, kBlocking.kc));
    block_tiles = most(int64_t{kBlocking.mc} * kBlocking.kc / (depth * rows), 1);
    group_tiles = count;
    group_k = g.k;
    if (!choice.pack_a) return;
    group_tiles = up(count, up(count, kMostPacked / (depth * rows)));  // no group of one tile
    group_k = least(g.k, most(kMostBlocks / (group_tiles * rows * depth), 1) * depth);
  }

  // Where little is summed, C weighs: six rows by four vectors go along it in longer stretches than
  // 14 by two do ((30, 784, 10): 4.9 us instead of 5.6; k = 64: 2% faster, 128: equal). Three by
  // four leave AVX2 no register for A: 14% slower.
  static int64_t most_rows(const Gemm<T>& g, Choice c) {
    const bool wide = kWideRows<T> > 3 && !c.pack_b && g.k <= 64 && g.n > kPanel<T>;
    return wide ? kWideRows<T> : kBlocking.mr;
  }

  // A stretch of rows and of k: what is packed of A at a time, or all of it.
  struct Group {
    int64_t t0, t1, p0, p1;
    int64_t row0, rows;
  };
  Group group_at(int64_t t0, int64_t p0) const {
    Group s{t0, least(count, t0 + group_tiles), p0, least(g.k, p0 + group_k), row(t0), 0};
    s.rows = row(s.t1) - s.row0;
    return s;
  }
  // Packed: blocks of k one after the other, in them the tiles.
  T* packed_at(const Group& s, int64_t i, int64_t p, int64_t k) const {
    return packed_a + (p - s.p0) * s.rows + (i - s.row0) * k;
  }

  // Tiles t0..t1 of the group. Where A runs along m, all of them take their share of a cache line
  // while it is in L1.
  void pack_a(const Group& s, int64_t t0, int64_t t1) const {
    for (int64_t p = s.p0; p < s.p1; p += depth) {
      const int64_t k = least(depth, s.p1 - p), step = g.a_row == 1 ? 8 : k;
      for (int64_t q = 0; q < k; q += step)
        for (int64_t tile = t0; tile < t1; ++tile) {
          const int64_t i = row(tile), rows = row(tile + 1) - i, some = least(step, k - q);
          const T* a = g.a + i * g.a_row + (p + q) * g.a_col;
          T* const to = packed_at(s, i, p, k) + q * rows;
          if constexpr (sizeof(T) == 4)
            if (pairs) {
              pack_pairs_a(g.precision, rows, some, numbers - 2 * (p + q), a, g.a_row, g.a_col / 2,
                           to);
              continue;
            }
          kPackA<T>.at[rows](some, a, g.a_row, g.a_col, to);
        }
    }
  }

  // What all tiles of the k block at p share.
  TileArgs<T> tile_args(int64_t p, int64_t k) const {
    TileArgs<T> t{};
    t.k = k;
    t.ldc = g.ldc;
    t.add = g.accumulate || p > 0;
    const bool last = p + k == g.k;
    t.bias = last ? g.bias : nullptr;
    t.scale = last ? g.scale : nullptr;
    t.residual = last ? g.residual : nullptr;
    t.bias_per_row = g.bias_per_row;
    t.activation = last ? g.activation : Activation::kLinear;
    t.alpha = g.alpha;
    return t;
  }

  // C[tiles t0..t1, columns j..j+cols) (+)= A[:, p..p+k) B[p..p+k, :), B given by t.stretches.
  // With `width` 0 it is one panel; else panels of that width side by side, and one row of tiles.
  // With `ask` the first tile of a panel asks for the one beside it.
  [[gnu::noinline]] void multiply(TileArgs<T>& t, const Group& s, int64_t t0, int64_t t1, int64_t p,
                                  int64_t j, int64_t cols, int64_t width, bool ask = false) const {
    t.cols = width ? width : cols;
    const int64_t vectors = up(t.cols, kLanes<T>);
    t.plain = t.cols == vectors * kLanes<T> && t.activation == Activation::kLinear && !t.bias &&
              !t.residual;
    for (int64_t tile = t0; tile < t1; tile += t.count) {  // the taller tiles, then the others
      const bool longer = tile < row.longer;
      const int64_t i = row(tile), rows = row.size + longer;
      t.count = ask ? 1 : longer ? least(t1, row.longer) - tile : t1 - tile;
      if (choice.pack_a) {
        t.a = packed_at(s, i, p, t.k);
        t.a_row = 1;
        t.a_col = rows;
        t.a_step = rows * t.k;
      } else {
        t.a = g.a + i * g.a_row + p * g.a_col;
        t.a_row = g.a_row;
        t.a_col = g.a_col;
        t.a_step = rows * g.a_row;
      }
      t.stretches[1].a = t.stretches[0].k * t.a_col;
      t.c = g.c + i * g.ldc + j;
      t.c_step = rows * g.ldc;
      if (t.bias) t.bias = g.bias + (g.bias_per_row ? i : j);
      if (t.scale) t.scale = g.scale + (g.bias_per_row ? i : j);
      if (t.residual) t.residual = g.residual + i * g.ldc + j;
      t.bias_step = g.bias_per_row ? rows : 0;
      if (width) {
        t.count = cols / width;
        t.a_step = 0;
        t.b_step = t.c_step = width;
        t.bias_step = g.bias_per_row ? 0 : width;
      }
      ask_ahead();
      (t.copy ? kernels.copy[rows] : ask ? kernels.ask[rows] : kernels.at[rows][vectors])(t);
      ask = false;
      if (width) return;
    }
  }

  // Columns [j, j + cols) of one panel, packed unless it was. Contiguous rows are packed by the
  // first tile.
  void packed(TileArgs<T>& t, const Group& s, int64_t t0, int64_t t1, int64_t p, int64_t j,
              int64_t cols, T* panel, bool fresh) const {
    const T* b = g.b + p * g.b_row + j * g.b_col;
    if (fresh && pairs) {
      if constexpr (sizeof(T) == 4)
        pack_pairs_b(g.precision, t.k, numbers - 2 * p, cols, b, g.b_row / 2, g.b_col, panel);
    } else if (fresh && g.b_col == 1 && cols == kPanel<T>) {
      t.stretches[0] = {t.k, 0, b, g.b_row};
      t.copy = panel;
      multiply(t, s, t0, t0 + 1, p, j, cols, 0);
      t.copy = nullptr;
      ++t0;
    } else if (fresh) {
      pack_b(t.k, cols, b, g.b_row, g.b_col, panel);
    }
    t.stretches[0] = {t.k, 0, panel, kPanel<T>};
    if (t0 < t1) multiply(t, s, t0, t1, p, j, cols, 0);
  }

  // Columns [j, end) from B as it is: wide panels, whole panels, and the rest. There whole vectors
  // are read too: what follows a row is the next one, whose elements only reach columns of the tile
  // that nobody stores. The last rows end where B ends, and are copied into the tail. Where B is
  // large and its rows on pages of their own, the panel to come is asked for; wide ones need it
  // not, and of others each tile has kWideRows<T> rows or more.
  void direct(TileArgs<T>& t, const Group& s, int64_t t0, int64_t t1, int64_t p, int64_t j,
              int64_t end, T* tail) const {
    const T* b = g.b + p * g.b_row;
    t.stretches[0] = {t.k, 0, b + j, g.b_row};
    const int64_t row_bytes = g.b_row * static_cast<int64_t>(sizeof(T));
    const bool far = width == kPanel<T> && row.size + (row.longer > 0) <= kMostAsking<T> &&
                     row_bytes >= 4096 && g.k * row_bytes > kL2Bytes;
    const int64_t widths[] = {width, kPanel<T>};
    for (const int64_t w : widths) {
      const int64_t cols = (end - j) / w * w, step = t1 - t0 == 1 ? cols : w;
      for (int64_t c = 0; c < cols; c += step, t.stretches[0].b += step)
        multiply(t, s, t0, t1, p, j + c, step, t1 - t0 == 1 ? w : 0, far);
      j += cols;
      t.stretches[0].b = b + j;
    }
    if (j == end) return;
    const int64_t cols = end - j, whole = up(cols, kLanes<T>) * kLanes<T>;
    const int64_t last = end < g.n ? 0 : least(t.k, g.b_row > 0 ? up(whole - cols, g.b_row) : t.k);
    const int64_t first = t.k - last;
    for (int64_t q = 0; q < last; ++q)
      for (int64_t c = 0; c < whole; ++c)
        tail[q * whole + c] = c < cols ? b[(first + q) * g.b_row + j + c] : T(0);
    t.stretches[0].k = first;
    t.stretches[1] = {last, 0, tail, whole};
    t.n_stretches = last ? 2 : 1;
    multiply(t, s, t0, t1, p, j, cols, 0);
    t.n_stretches = 1;
  }

  // One task: row tiles [t0, t1) by panels [n0, n1), for the group's k.
  void run(const Group& s, int64_t t0, int64_t t1, int64_t n0, int64_t n1) const {
    // At most 64 KB of stack, 256 with AVX-512: buffers of the thread, warm from one task to the
    // next.
    alignas(64) T buffer[kBlocking.sharing][kBlocking.kc * kPanel<T>];
    const int64_t j0 = n0 * width, j1 = least(g.n, n1 * width);
    // A sweep over A begins with rows that this core packed, for tasks and chunks of packing are
    // dealt out alike: what lies in another's L2 comes slowly (1024 cubed on 2 cores: 1-2% faster,
    // and as fast from run to run).
    const int64_t blocks = up(t1 - t0, block_tiles);
    const int64_t first = choice.pack_a ? (t1 - t0) * n0 / panels / block_tiles : 0;
    for (int64_t p = s.p0; p < s.p1; p += depth) {
      TileArgs<T> t = tile_args(p, least(depth, s.p1 - p));
      Stretch<T> stretches[2];
      t.stretches = stretches;
      t.n_stretches = 1;
      if (!choice.pack_b) {
        direct(t, s, t0, t1, p, j0, j1, buffer[0]);
        continue;
      }
      for (int64_t js = j0; js < j1; js += kBlocking.sharing * width) {
        // Rows of B on pages of their own: all their lines at once (1024 and 2048 cubed: 2%
        // faster).
        const bool at_once = !pairs && g.b_col == 1 &&
                             g.b_row * static_cast<int64_t>(sizeof(T)) >= 4096 &&
                             js + kBlocking.sharing * width <= j1;
        if (at_once)
          pack_b_panels<T, kBlocking.sharing>(t.k, g.b + p * g.b_row + js, g.b_row, buffer[0]);
        for (int64_t i = 0; i < blocks; ++i) {
          const int64_t tb = t0 + (first + i) % blocks * block_tiles;
          for (int64_t j = js, n = 0; n < kBlocking.sharing && j < j1; j += width, ++n)
            packed(t, s, tb, least(t1, tb + block_tiles), p, j, least(width, j1 - j), buffer[n],
                   i == 0 && !at_once);
        }
      }
    }
  }

  void run(const Group& s) const {
    const double fmas = double(s.rows) * up(g.n, kLanes<T>) * (s.p1 - s.p0);
    // Where a sweep over A leaves L2, several panels share each block of it (2048 cubed: 4%
    // faster).
    const bool sweeps = s.rows * (s.p1 - s.p0) * static_cast<int64_t>(sizeof(T)) > kL2Bytes;
    Grid grid = grid_of(s.t1 - s.t0, panels, fmas, sweeps ? kBlocking.sharing : 1);
    // Where packing A weighs, rows first: a core then multiplies the rows that it packed itself
    // ((512, 784, 128) on 2 cores: 610 us instead of 685).
    if (choice.pack_a && !sweeps && grid.rows < 4 && grid.cols >= 4 && s.t1 - s.t0 >= 64) {
      grid.cols = up(grid.rows * grid.cols, 4);
      grid.rows = 4;
    }
    // A task along all rows of a large C has its pages brought, all at once, by the system: half a
    // second for 60000 rows of 480 MB, in which Ctrl-C is not heard. Few rows are left together:
    // each part of them packs B again.
    const int64_t bytes = s.rows * g.ldc * static_cast<int64_t>(sizeof(T));
    grid.rows = most(grid.rows, least(up(bytes, kMostTouched), (s.t1 - s.t0) / kLeastCut));
    if (choice.pack_a)
      parallel_chunks(s.t1 - s.t0, 8, double(s.rows) * (s.p1 - s.p0) * 0.15,
                      [&](int64_t a, int64_t b) { pack_a(s, s.t0 + a, s.t0 + b); });
    parallel(grid.rows * grid.cols, fmas / kBlocking.fma_per_ns, [&](int64_t task) {
      const int64_t r = task / grid.cols, c = task % grid.cols;
      const Cut t(s.t1 - s.t0, grid.rows), n(panels, grid.cols);
      run(s, s.t0 + t(r), s.t0 + t(r + 1), n(c), n(c + 1));
    });
  }

  static Gemm<T> in_pairs(Gemm<T> g) {
    g.k = up(g.k, 2);
    g.a_col *= 2;
    g.b_row *= 2;
    return g;
  }

  void run() const {
    for (int64_t t0 = 0; t0 < count; t0 += group_tiles)
      for (int64_t p0 = 0; p0 < g.k; p0 += group_k) run(group_at(t0, p0));
  }
};

}  // namespace

template <class T>
int64_t tiles_scratch(const Gemm<T>& g, Choice choice) {
  if (!choice.pack_a) return 0;
  const Tiles<T> tiles(g, choice, nullptr);
  return tiles.group_at(0, 0).rows * tiles.group_k * static_cast<int64_t>(sizeof(T));
}

template <class T>
void run_tiles(const Gemm<T>& g, Choice choice, void* scratch) {
  Tiles<T>(g, choice, scratch).run();
}

template int64_t tiles_scratch<float>(const Gemm<float>&, Choice);
template int64_t tiles_scratch<double>(const Gemm<double>&, Choice);
template void run_tiles<float>(const Gemm<float>&, Choice, void*);
template void run_tiles<double>(const Gemm<double>&, Choice, void*);

}  // namespace fastnn::FASTNN_ISA
