// y = act(w * x + b): direct convolution. Tiles of neighbouring pixels by panels of filters, the
// weights packed once, bands of an image by bands, the taps as stretches of k.
#include "gemm/direct.h"

#include "base/parallel.h"
#include "gemm/band.h"
#include "gemm/micro_kernel.h"
#include "gemm/pack.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kBandBytes = 256 << 10;  // of inputs and outputs: they stay in L2
constexpr int64_t kTasks = 32;             // with memory of their own,
constexpr int64_t kMostBytes = 64 << 20;   // not more than this together
constexpr int64_t kFewTasks = 16;          // what they are cut into where images are few
constexpr double kTaskNs = 20e3;           // but not shorter than this
constexpr int64_t kTurnedRows = 128;       // of a panel of weights, turned together
template <class T>
constexpr int64_t kMostLate = 4 * kLanes<T>;  // filters whose pixels overlap

template <class T>
struct Direct {
  const Conv<T>& c;
  Source<T> source;
  int64_t panels;       // of filters
  int64_t blocks;       // of k, whose panels stay in L1 or L2
  int64_t band, bands;  // rows of output, bands of an image
  int64_t tasks;        // over bands of images,
  int64_t shares;       // and over panels
  bool late;            // pixels overlap by parts of a vector; bias and activation row by row
  double cost;

  explicit Direct(const Conv<T>& conv) : c(conv), source(conv, Along::kChannels) {
    const int64_t depth = source.depth();
    panels = up(c.out, kPanel<T>);
    blocks = most(up(depth, kBlocking.kc), 1);
    cost = double(c.images) * c.ys.height * c.ys.width * up(c.out, kLanes<T>) * depth /
           kBlocking.fma_per_ns;
    const int64_t row_bytes =
        (c.ty.stride * source.row() + c.ys.width * c.out) * static_cast<int64_t>(sizeof(T));
    const int64_t above = (c.ty.count - 1) * c.ty.step * source.row() * sizeof(T);
    band = least(most((kBandBytes - above) / most(row_bytes, 1), 1), most(c.ys.height, 1));
    const int64_t wanted =
        cost > kFewTasks * kTaskNs ? kFewTasks : static_cast<int64_t>(cost / kTaskNs);
    if (c.images * up(c.ys.height, band) < wanted) {
      const int64_t parts = least(up(wanted, most(c.images, 1) * panels), c.ys.height);
      band = least(band, up(c.ys.height, parts));
    }
    bands = up(c.ys.height, band);
    // A band of far apart taps is large: fewer of them at a time.
    const int64_t room = kMostBytes / most(source.bytes(band), 1);
    tasks = least(c.images * bands, least(kTasks, most(room, 1)));
    shares = tasks && tasks < wanted ? least(panels, up(wanted, tasks)) : 1;
    late = c.out < kMostLate<T> && blocks == 1 && shares == 1 && !c.accumulate && !c.scale &&
           !c.residual && !c.bf16_y && c.ys.pixel == c.out && c.ys.row == c.ys.width * c.out;
  }

  int64_t weight_bytes() const {
    return align64(source.depth() * panels * kPanel<T> * static_cast<int64_t>(sizeof(T)));
  }
  int64_t scratch() const { return weight_bytes() + tasks * shares * source.bytes(band); }

  int64_t block_at(int64_t b) const { return Cut(source.depth(), blocks)(b); }

  // Weights in the order in which tiles read them: blocks of k, in them panels, in them rows.
  void pack(T* packed) const {
    // Panels and channels are shared out: a large kernel of few filters too.
    const int64_t parts = least(up(source.in, 16), up(kTasks, panels));
    parallel(panels * parts, double(source.depth()) * panels * kPanel<T> * 0.1, [&](int64_t task) {
      const Cut channel(source.in, parts);
      pack_panel(task / parts, channel(task % parts), channel(task % parts + 1), packed);
    });
  }
  // Channels (or pairs of them) [i0, i1) of a panel.
  void pack_panel(int64_t j, int64_t i0, int64_t i1, T* packed) const {
    const int64_t lanes = least(kPanel<T>, c.out - j * kPanel<T>), taps = c.ty.count * c.tx.count;
    const int64_t each = source.pairs ? 2 : 1;
    const T* w = c.w + j * kPanel<T> * c.w_out;
    const bool turns = lanes == kPanel<T> && taps * each <= kTurnedRows && stands();
    const int64_t some = turns ? kTurnedRows / (taps * each) : 1;  // channels at a time
    T turned[kTurnedRows * kPanel<T>];                             // rows of taps by channels
    for (int64_t i = i0; i < i1; i += some) {
      const int64_t channels = least(some, i1 - i), first = i * each;
      const int64_t numbers = least(channels * each, c.in - first);
      if (turns) pack_b(numbers * taps, kPanel<T>, w + first * c.w_in, 1, c.w_out, turned);
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t y = t / c.tx.count, x = t % c.tx.count;
        const T* from = w + first * c.w_in + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                        (c.tx.first + x * c.tx.kernel_step) * c.w_x;
        const auto take = [&](int64_t q, T* to) {
          for (int64_t l = 0; l < kPanel<T>; ++l)
            to[l] = l < lanes ? from[q * c.w_in + l * c.w_out] : T(0);
        };
        for (int64_t q = 0; q < channels;) {
          Rows rows = packed_rows(j, t * source.in + i + q, packed);
          for (; rows.left && q < channels; --rows.left, ++q, rows.at += kPanel<T>)
            if (source.pairs)
              join(q, numbers, turns ? turned + t * kPanel<T> : nullptr, taps, take, rows.at);
            else if (turns)
              __builtin_memcpy(rows.at, turned + (q * taps + t) * kPanel<T>, sizeof(T) * kPanel<T>);
            else
              take(q, rows.at);
        }
      }
    }
  }
  // Numbers 2 q and 2 q + 1, rows of `turned` or taken from the weights, as a row of pairs.
  template <class Take>
  void join(int64_t q, int64_t numbers, const T* turned, int64_t taps, const Take& take,
            T* to) const {
    if constexpr (sizeof(T) == 4) {
      T taken[2][kPanel<T>];
      const bool has_second = 2 * q + 1 < numbers;
      if (!turned) {
        take(2 * q, taken[0]);
        if (has_second) take(2 * q + 1, taken[1]);
      }
      const T* const first = turned ? turned + 2 * q * taps * kPanel<T> : taken[0];
      const T* const second = turned ? first + taps * kPanel<T> : taken[1];
      join_rows<T>(c.precision, 1, kPanel<T>, first, has_second ? second : nullptr, 0, to, 0);
    }
  }
  // Whether the weights of a filter lie as they are used, channel by channel.
  bool stands() const {
    return c.w_x == 1 && c.w_y == c.tx.count && c.w_in == c.ty.count * c.tx.count &&
           c.ty.first == 0 && c.tx.first == 0 && c.ty.kernel_step == 1 && c.tx.kernel_step == 1;
  }
  // Where row p of panel j lies, and how many rows lie there one behind the other.
  struct Rows {
    T* at;
    int64_t left;
  };
  Rows packed_rows(int64_t j, int64_t p, T* packed) const {
    const Cut block(source.depth(), blocks);
    const int64_t whole = block.longer * (block.size + 1);
    const int64_t b = p < whole ? p / (block.size + 1) : block.longer + (p - whole) / block.size;
    const int64_t begin = block(b), depth = block(b + 1) - begin;
    return {packed + begin * panels * kPanel<T> + (j * depth + p - begin) * kPanel<T>,
            begin + depth - p};
  }

  // A row of outputs by itself: whole vectors, whatever the pixels' width.
  void finish(T* y, const T* table) const {
    const int64_t n = c.ys.row, period = c.out * kLanes<T>;
    if (c.bias)
      for (int64_t i = 0; i < n; i += period)
#pragma omp simd
        for (int64_t j = 0; j < least(period, n - i); ++j) y[i + j] += table[j];
    activate(c.activation, c.alpha, y, n);
  }

  // Rows [oy, oy + rows) of one image, panels [j0, j1), the last one first: what it spills into the
  // next pixel is written later.
  void run_band(int64_t image, int64_t oy, int64_t rows, int64_t j0, int64_t j1, const T* packed,
                T* memory) const {
    const T* x = source.band(image, oy, rows, memory);
    const TileKernels<T>& kernels = tile_kernels<T>(c.precision);
    Stretch<T> stretches[kBlocking.kc + 2];
    TileArgs<T> t{};
    t.stretches = stretches;
    t.a_row = c.tx.stride * source.pixel;
    t.a_col = 1;
    const int64_t packs = c.bf16_y ? 2 : 1;  // numbers where a T lies
    t.bf16 = c.bf16_y;
    t.ldc = c.ys.pixel / packs;
    t.alpha = c.alpha;
    T table[kMostLate<T> * kLanes<T>];
    if (late && c.bias)  // (no remainders here: 3% of a step of LeNet-5)
      for (int64_t l = 0; l < kLanes<T>; ++l)
        for (int64_t k = 0; k < c.out; ++k) table[l * c.out + k] = c.bias[k];
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t begin = block_at(block), end = block_at(block + 1);
      t.k = end - begin;
      t.n_stretches = 0;
      for (int64_t p = begin; p < end;) {
        const int64_t r = p / source.run, q = p % source.run;
        const int64_t k = least(source.run - q, end - p);
        stretches[t.n_stretches++] = {k, source.run_at(r) + q, nullptr, kPanel<T>};
        p += k;
      }
      const bool last = block + 1 == blocks && !late;
      t.add = c.accumulate || block > 0;
      t.activation = last ? c.activation : Activation::kLinear;
      for (int64_t j = j1 - 1; j >= j0; --j) {
        const T* b = packed + begin * panels * kPanel<T> + j * t.k * kPanel<T>;
        for (int64_t s = 0; s < t.n_stretches; b += stretches[s++].k * kPanel<T>)
          stretches[s].b = b;
        t.cols = least(kPanel<T>, c.out - j * kPanel<T>);
        const int64_t vectors = up(t.cols, kLanes<T>);
        const int64_t tiles = up(c.ys.width, tall_mr<T>(static_cast<int>(vectors), source.pairs));
        const Cut column(c.ys.width, tiles);
        t.bias = last && c.bias ? c.bias + j * kPanel<T> : nullptr;
        t.scale = last && c.scale ? c.scale + j * kPanel<T> : nullptr;
        const bool adds = last && c.residual;
        const bool whole = t.cols == vectors * kLanes<T>;
        for (int64_t row = 0; row < rows; ++row) {
          const int64_t behind = j * kPanel<T> + vectors * kLanes<T> - c.out;  // the row, written
          const bool spills = late && behind <= (rows - 1 - row) * c.ys.row;
          const bool sums = t.activation == Activation::kLinear && !t.bias && !adds;
          t.plain = (whole || spills) && (sums || t.bf16);
          const T* a = x + row * c.ty.stride * source.row();
          T* y = c.y + (image * c.ys.image + (oy + row) * c.ys.row + j * kPanel<T>) / packs;
          for (int64_t tile = 0; tile < tiles; tile += t.count) {  // the longer ones, the others
            const bool longer = tile < column.longer;
            const int64_t width = column.size + longer;
            t.count = longer ? column.longer : tiles - tile;
            t.a = a + column(tile) * t.a_row;
            t.a_step = width * t.a_row;
            t.c = y + column(tile) * t.ldc;
            t.c_step = width * t.ldc;
            t.residual = adds ? c.residual + (t.c - c.y) : nullptr;
            kernels.at[width][vectors](t);
          }
          if (late && j == j0) finish(y, table);
        }
      }
    }
  }

  void run(void* scratch) const {
    T* packed = static_cast<T*>(scratch);
    pack(packed);
    char* bands_memory = static_cast<char*>(scratch) + weight_bytes();
    parallel(tasks * shares, cost, [&](int64_t task) {
      const int64_t share = task % shares;
      const Cut item(c.images * bands, tasks), panel(panels, shares);
      T* memory = reinterpret_cast<T*>(bands_memory + task * source.bytes(band));
      const int64_t to = item(task / shares + 1);
      for (int64_t i = item(task / shares); i < to; ++i) {
        const int64_t oy = i % bands * band;
        run_band(i / bands, oy, least(band, c.ys.height - oy), panel(share), panel(share + 1),
                 packed, memory);
      }
    });
  }
};

}  // namespace

template <class T>
bool sums_at_once(const Conv<T>& c) {
  return Direct<T>(c).blocks == 1;
}
template bool sums_at_once<float>(const Conv<float>&);
template bool sums_at_once<double>(const Conv<double>&);

template <class T>
int64_t direct_scratch(const Conv<T>& c) {
  return Direct<T>(c).scratch();
}
template <class T>
void direct_conv(const Conv<T>& c, void* scratch) {
  Direct<T>(c).run(scratch);
}

template int64_t direct_scratch<float>(const Conv<float>&);
template int64_t direct_scratch<double>(const Conv<double>&);
template void direct_conv<float>(const Conv<float>&, void*);
template void direct_conv<double>(const Conv<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
