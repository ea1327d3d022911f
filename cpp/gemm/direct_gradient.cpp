// dw = sum over pixels of dz x^T, tap by tap: tiles of filters by panels of channels, or the other
// way round where channels would fill vectors badly; k runs over the pixels of some images. Small
// weights: each task sums its images into a copy of dw, the copies are added in their order. Large
// ones: tasks share dw out, and each goes through all images.
#include "base/parallel.h"
#include "gemm/band.h"
#include "gemm/copies.h"
#include "gemm/direct.h"
#include "gemm/micro_kernel.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kCopies = 16;             // of dw, at most
constexpr int64_t kCopyBytes = 512 << 10;   // a larger dw has but one
constexpr int64_t kChunkBytes = 192 << 10;  // of x and dz: they stay in L2
constexpr int64_t kSharedBytes = 2 << 20;   // where all tasks read them: in L3
constexpr int64_t kChunkRows = 256;         // of output

template <class T>
struct Gradient {
  const ConvGradient<T>& g;
  const Conv<T>& c;
  Source<T> source;
  bool turned;                  // lanes along filters
  bool spills;                  // lanes hold some of the next pixel's too: nobody stores their sums
  int64_t band, bands, images;  // a chunk: a band of an image, or several whole images
  int64_t chunks;
  int64_t copies;  // of dw
  int64_t width;   // of a panel
  int64_t panels;  // of a run, or of filters
  double cost;

  [[gnu::cold]] explicit Gradient(const ConvGradient<T>& gradient)
      : g(gradient), c(gradient.of), source(gradient.of, Along::kPixels) {
    const int64_t size = sizeof(T);
    const int64_t upright = up(source.run, kLanes<T>) * c.out;
    const int64_t across = up(c.out, kLanes<T>) * source.run;
    const bool is_dense = c.ys.pixel == c.out && c.ys.row == c.ys.width * c.out &&
                          c.ys.image == c.ys.height * c.ys.row;
    const bool may_spill = !source.pairs && is_dense && c.ys.row >= kLanes<T>;
    turned = (c.out % kLanes<T> == 0 || may_spill) && across * 8 < upright * 7;
    spills = turned && c.out % kLanes<T> != 0;
    if (!turned) source.read_by_vectors();
    // Few rows of a tile leave registers for more columns.
    const int64_t lone = up(source.run, up(source.run, kBlocking.mr));  // rows of the taller tiles
    const bool has_room = turned && !source.pairs;
    width = has_room ? wide_nr<T>(static_cast<int>(lone)) * kLanes<T> : kPanel<T>;
    panels = up(turned ? c.out : source.run, width);
    cost = double(c.images) * c.ys.height * c.ys.width * source.runs() *
           (turned ? across : upright) / kBlocking.fma_per_ns / (source.pairs ? 2 : 1);
    const bool shared = c.images == 1 || c.out * source.depth() * size > kCopyBytes;
    const int64_t limit = shared ? kSharedBytes : kChunkBytes;
    const int64_t row_bytes = (c.ty.stride * source.row() + c.ys.width * c.out) * size;
    band = least(least(most(limit / row_bytes, 1), kChunkRows), c.ys.height);
    bands = up(c.ys.height, band);
    images = bands > 1 ? 1 : least(limit / (row_bytes * band), kChunkRows / band);
    images = most(least(images, shared ? c.images : up(c.images, kCopies)), 1);
    chunks = up(c.images, images) * bands;
    copies = shared ? 1 : least(chunks, kCopies);
  }

  // Steps of k along a row of outputs.
  int64_t depth() const { return source.pairs ? up(c.ys.width, 2) : c.ys.width; }

  // --- memory: dw and a chunk's x, with pairs its dz too, `copies` times ---
  int64_t dw_bytes() const { return align64(c.out * source.depth() * sizeof(T)); }
  int64_t x_bytes() const { return images * source.bytes(band); }
  int64_t z_bytes() const {
    if (spills) return align64((c.ys.row + kLanes<T>)*sizeof(T));
    return source.pairs ? align64(images * band * depth() * c.out * sizeof(T)) : 0;
  }
  int64_t copy_bytes() const { return dw_bytes() + x_bytes() + z_bytes(); }
  int64_t scratch() const { return copies * copy_bytes(); }

  struct Memory {
    T* dw;
    char* chunk;
  };
  Memory memory(void* scratch, int64_t copy) const {
    char* at = static_cast<char*>(scratch) + copy * copy_bytes();
    return {reinterpret_cast<T*>(at), at + dw_bytes()};
  }
  T* x_memory(const Memory& m, int64_t i) const {  // of image i of a chunk
    return reinterpret_cast<T*>(m.chunk + i * source.bytes(band));
  }

  T* z_memory(const Memory& m, int64_t i) const {  // likewise
    return reinterpret_cast<T*>(m.chunk + x_bytes()) + i * band * depth() * c.out;
  }

  // --- a chunk ---
  struct Chunk {
    int64_t image, images, oy, rows;
  };
  Chunk chunk_at(int64_t q) const {
    const int64_t image = q / bands * images, oy = q % bands * band;
    return {image, least(images, c.images - image), oy, least(band, c.ys.height - oy)};
  }
  void prepare(const Chunk& q, int64_t i, const Memory& m) const {
    if (source.is_copied(q.image + i)) source.band(q.image + i, q.oy, q.rows, x_memory(m, i));
    if (spills && ends_with(q, i, q.rows - 1)) {
      T* const to = z_memory(m, 0);
      __builtin_memcpy(to, dz_row(q, i, q.rows - 1), c.ys.row * sizeof(T));
      __builtin_memset(to + c.ys.row, 0, kLanes<T> * sizeof(T));
    }
    if constexpr (sizeof(T) == 4)
      if (source.pairs) {
        for (int64_t row = 0; row < q.rows; ++row)
          c.bf16_y ? join_row<Bf16>(q, i, row, m) : join_row<T>(q, i, row, m);
      }
  }
  // Whether dz ends with that row: vectors that spill read it from a copy with zeros behind.
  bool ends_with(const Chunk& q, int64_t i, int64_t row) const {
    return q.image + i + 1 == c.images && q.oy + row + 1 == c.ys.height;
  }
  template <class F = T>
  const F* dz_row(const Chunk& q, int64_t i, int64_t row) const {
    return reinterpret_cast<const F*>(g.dz) + (q.image + i) * c.ys.image + (q.oy + row) * c.ys.row;
  }
  template <class F>
  void join_row(const Chunk& q, int64_t i, int64_t row, const Memory& m) const {
    join_neighbours(c.precision, depth(), c.ys.width, c.out, dz_row<F>(q, i, row), c.ys.pixel,
                    z_memory(m, i) + row * depth() * c.out, c.out);
  }

  // dw += of the chunk, for panels [part, to) of all runs.
  void multiply(const Chunk& q, const Memory& m, int64_t part, int64_t to, bool add) const {
    Rows rows;
    find_rows(q, m, rows);
    Stretch<T> stretches[kChunkRows];
    TileArgs<T> t{};
    t.stretches = stretches;
    t.n_stretches = rows.count;
    t.k = rows.count * depth();
    t.a_row = 1;
    const int64_t x_step = c.tx.stride * source.pixel * (source.pairs ? 2 : 1);
    const int64_t z_step = source.pairs ? c.out : c.ys.pixel;
    t.a_col = turned ? x_step : z_step;
    t.ldc = turned ? c.out : source.depth();
    t.add = add;
    for (; part < to; ++part) {
      const int64_t r = part / panels, j = part % panels * width;
      for (int64_t s = 0; s < rows.count; ++s) {
        const T* const x = rows.x[s] + source.run_at(r);
        const T* const b = (turned ? rows.z[s] : x) + j;
        stretches[s] = {depth(), turned ? x - rows.x[0] : rows.z[s] - rows.z[0], b,
                        turned ? z_step : x_step};
      }
      t.cols = least(width, (turned ? c.out : source.run) - j);
      T* const dw = m.dw + (turned ? r * source.run * c.out : r * source.run) + j;
      tiles(t, turned ? rows.x[0] : rows.z[0], turned ? source.run : c.out, dw);
    }
  }

  // All tiles of a panel: `count` rows of A from `a` on.
  void tiles(TileArgs<T>& t, const T* a, int64_t count, T* dw) const {
    const int64_t vectors = up(t.cols, kLanes<T>);
    const int64_t tiles = up(count, tall_mr<T>(static_cast<int>(vectors), source.pairs));
    const Cut row(count, tiles);
    t.plain = t.cols == vectors * kLanes<T>;
    for (int64_t tile = 0; tile < tiles; tile += t.count) {
      const bool longer = tile < row.longer;
      const int64_t rows = row.size + longer;
      t.count = longer ? row.longer : tiles - tile;
      t.a = a + row(tile);
      t.a_step = rows;
      t.c = dw + row(tile) * t.ldc;
      t.c_step = rows * t.ldc;
      tile_kernels<T>(c.precision).at[rows][vectors](t);
    }
  }

  // Rows of output of a chunk: where their dz and the first tap of their x begin.
  struct Rows {
    int64_t count = 0;
    const T *x[kChunkRows], *z[kChunkRows];
  };
  void find_rows(const Chunk& q, const Memory& m, Rows& rows) const {
    for (int64_t i = 0; i < q.images; ++i) {
      const T* const x = source.is_copied(q.image + i)
                             ? x_memory(m, i)
                             : source.band(q.image + i, q.oy, q.rows, nullptr);
      for (int64_t row = 0; row < q.rows; ++row) {
        rows.x[rows.count] = x + row * c.ty.stride * source.row();
        rows.z[rows.count++] = source.pairs ? z_memory(m, i) + row * depth() * c.out
                               : spills && ends_with(q, i, row) ? z_memory(m, 0)
                                                                : dz_row(q, i, row);
      }
    }
  }

  // --- all of it ---
  void sum_alone(const Memory& m, int64_t q0, int64_t q1) const {
    for (int64_t q = q0; q < q1; ++q) {
      const Chunk chunk = chunk_at(q);
      for (int64_t i = 0; i < chunk.images; ++i) prepare(chunk, i, m);
      multiply(chunk, m, 0, source.runs() * panels, q > q0);
    }
  }

  void sum_together(const Memory& m) const {
    const int64_t parts = source.runs() * panels;
    const int64_t tasks = least(parts, 4 * kCopies);
    const Cut part(parts, tasks);
    for (int64_t q = 0; q < chunks; ++q) {
      const Chunk chunk = chunk_at(q);
      if (spills || source.is_copied(chunk.image + chunk.images - 1))
        parallel(chunk.images, double(chunk.images) * source.bytes(band) * 0.1,
                 [&](int64_t i) { prepare(chunk, i, m); });
      parallel(tasks, cost / chunks,
               [&](int64_t task) { multiply(chunk, m, part(task), part(task + 1), q > 0); });
    }
  }

  void run(void* scratch) const {
    if (copies > 1)
      parallel(copies, cost, [&](int64_t task) {
        const Cut chunk(chunks, copies);
        sum_alone(memory(scratch, task), chunk(task), chunk(task + 1));
      });
    else
      sum_together(memory(scratch, 0));
    T* const dw = memory(scratch, 0).dw;
    add_copies(dw, c.out * source.depth(), copies, copy_bytes());
    parallel_chunks(c.out, up(c.out, kCopies), double(c.out) * source.depth() * 0.4,
                    [&](int64_t begin, int64_t end) {
                      for (int64_t k = begin; k < end; ++k) hand_out(k, dw);
                    });
  }

  // Filter k from the order of runs into the user's.
  void hand_out(int64_t k, const T* dw) const {
    const int64_t row = turned ? 1 : source.depth(), step = turned ? c.out : 1;
    const T* from = dw + k * row;
    for (int64_t y = 0; y < c.ty.count; ++y)
      for (int64_t x = 0; x < c.tx.count; ++x) {
        T* to = g.dw + k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                (c.tx.first + x * c.tx.kernel_step) * c.w_x;
        for (int64_t i = 0; i < c.in; ++i, from += step, to += c.w_in)
          *to = g.accumulate ? *to + *from : *from;
      }
  }
};

}  // namespace

template <class T>
int64_t direct_gradient_scratch(const ConvGradient<T>& g) {
  return Gradient<T>(g).scratch();
}
template <class T>
void direct_gradient(const ConvGradient<T>& g, void* scratch) {
  Gradient<T>(g).run(scratch);
}

template int64_t direct_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t direct_gradient_scratch<double>(const ConvGradient<double>&);
template void direct_gradient<float>(const ConvGradient<float>&, void*);
template void direct_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
