// dw = sum over pixels of dz x^T, tap by tap: tiles of filters by panels of channels, k runs over the
// pixels of some images. Small weights: each task sums its images into a copy of dw, the copies are
// added in their order. Large ones: tasks share dw out, and each goes through all images.
#include "base/parallel.h"
#include "gemm/band.h"
#include "gemm/conv.h"
#include "gemm/micro_kernel.h"
#include "gemm/winograd.h"

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
  int64_t band, bands, images;  // a chunk: a band of an image, or several whole images
  int64_t chunks;
  int64_t copies;  // of dw
  int64_t panels;  // of a run
  double cost;

  explicit Gradient(const ConvGradient<T>& gradient)
      : g(gradient),
        c(gradient.of),
        source(gradient.of, kLanes<T>) {
    const int64_t size = sizeof(T);
    panels = up(source.run, kPanel<T>);
    cost = double(c.images) * c.ys.height * c.ys.width * source.runs() *
           up(source.run, kLanes<T>) * c.out / kBlocking.fma_per_ns;
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

  // --- memory: dw and a chunk's x, `copies` times ---
  int64_t dw_bytes() const { return align64(c.out * source.depth() * sizeof(T)); }
  int64_t copy_bytes() const { return dw_bytes() + images * source.bytes(band); }
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

  // --- a chunk ---
  struct Chunk {
    int64_t image, images, oy, rows;
  };
  Chunk chunk_at(int64_t q) const {
    const int64_t image = q / bands * images, oy = q % bands * band;
    return {image, least(images, c.images - image), oy, least(band, c.ys.height - oy)};
  }
  void prepare(const Chunk& q, int64_t i, const Memory& m) const {
    if (source.copied) source.band(q.image + i, q.oy, q.rows, x_memory(m, i));
  }

  // dw += of the chunk, for panels [part, to) of all runs.
  void multiply(const Chunk& q, const Memory& m, int64_t part, int64_t to, bool add) const {
    Stretch<T> stretches[kChunkRows];
    const T* x[kChunkRows];
    const TileKernels<T>& kernels = tile_kernels<T>();
    TileArgs<T> t{};
    t.stretches = stretches;
    t.a = g.dz + q.image * c.ys.image + q.oy * c.ys.row;
    t.a_row = 1;
    t.a_col = c.ys.pixel;
    t.ldc = source.depth();
    t.add = add;
    for (int64_t i = 0; i < q.images; ++i) {
      const T* first = source.copied ? x_memory(m, i) : source.band(q.image + i, q.oy, q.rows, nullptr);
      const int64_t dz = i * c.ys.image / c.ys.pixel;
      for (int64_t row = 0; row < q.rows; ++row) {
        x[t.n_stretches] = first + row * c.ty.stride * source.row();
        stretches[t.n_stretches++] = {c.ys.width, dz + row * c.ys.width, nullptr,
                                      c.tx.stride * source.pixel};
        t.k += c.ys.width;
      }
    }
    const int64_t tiles = up(c.out, kBlocking.mr);
    const Cut filter(c.out, tiles);
    for (; part < to; ++part) {
      const int64_t r = part / panels, j = part % panels * kPanel<T>;
      for (int64_t s = 0; s < t.n_stretches; ++s) stretches[s].b = x[s] + source.run_at(r) + j;
      t.cols = least(kPanel<T>, source.run - j);
      const int64_t vectors = up(t.cols, kLanes<T>);
      t.plain = t.cols == vectors * kLanes<T>;
      const T* dz = t.a;
      for (int64_t tile = 0; tile < tiles; tile += t.count) {
        const bool longer = tile < filter.longer;
        const int64_t rows = filter.size + longer;
        t.count = longer ? filter.longer : tiles - tile;
        t.a = dz + filter(tile);
        t.a_step = rows;
        t.c = m.dw + filter(tile) * t.ldc + r * source.run + j;
        t.c_step = rows * t.ldc;
        kernels.at[rows][vectors](t);
      }
      t.a = dz;
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
      if (source.copied)
        parallel(chunk.images, double(chunk.images) * source.bytes(band) * 0.1,
                 [&](int64_t i) { prepare(chunk, i, m); });
      parallel(tasks, cost / chunks, [&](int64_t task) {
        multiply(chunk, m, part(task), part(task + 1), q > 0);
      });
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
    parallel_chunks(c.out, up(c.out, kCopies), double(c.out) * source.depth() * (copies + 1) * 0.4,
                    [&](int64_t begin, int64_t end) {
                      for (int64_t k = begin; k < end; ++k) hand_out(k, scratch);
                    });
  }

  // Filter k from the order of runs into the user's, added up over the copies.
  void hand_out(int64_t k, void* scratch) const {
    const int64_t depth = source.depth();
    T* first = memory(scratch, 0).dw + k * depth;
    for (int64_t s = 1; s < copies; ++s) {
      const T* other = memory(scratch, s).dw + k * depth;
#pragma omp simd
      for (int64_t p = 0; p < depth; ++p) first[p] += other[p];
    }
    for (int64_t y = 0; y < c.ty.count; ++y)
      for (int64_t x = 0; x < c.tx.count; ++x) {
        T* to = g.dw + k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                (c.tx.first + x * c.tx.kernel_step) * c.w_x;
        for (int64_t i = 0; i < c.in; ++i, ++first)
          to[i * c.w_in] = g.accumulate ? to[i * c.w_in] + *first : *first;
      }
  }
};

// No pixels: sums of nothing.
template <class T>
void clear(const ConvGradient<T>& g) {
  const Conv<T>& c = g.of;
  if (g.accumulate) return;
  for (int64_t k = 0; k < c.out; ++k)
    for (int64_t i = 0; i < c.in; ++i)
      for (int64_t y = 0; y < c.ty.count; ++y)
        for (int64_t x = 0; x < c.tx.count; ++x)
          g.dw[k * c.w_out + i * c.w_in + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
               (c.tx.first + x * c.tx.kernel_step) * c.w_x] = T(0);
}

template <class T>
bool is_empty(const ConvGradient<T>& g) {
  const Conv<T>& c = g.of;
  return c.images <= 0 || c.ys.height <= 0 || c.ys.width <= 0 || c.out <= 0 ||
         c.ty.count * c.tx.count * c.in <= 0;
}

}  // namespace

template <class T>
int64_t conv_gradient_scratch(const ConvGradient<T>& g) {
  if (is_empty(g)) return 0;
  if constexpr (sizeof(T) == 4)
    if (suits_winograd(g.of)) return winograd_gradient_scratch(g);
  return Gradient<T>(g).scratch();
}

template <class T>
void conv_gradient(const ConvGradient<T>& g, void* scratch) {
  if (is_empty(g)) return clear(g);
  if constexpr (sizeof(T) == 4)
    if (suits_winograd(g.of)) return winograd_gradient(g, scratch);
  Gradient<T>(g).run(scratch);
}

template int64_t conv_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t conv_gradient_scratch<double>(const ConvGradient<double>&);
template void conv_gradient<float>(const ConvGradient<float>&, void*);
template void conv_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
