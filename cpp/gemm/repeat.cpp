// y = act(w * x + b) of one channel: a vector of outputs of several rows at a time, column by
// column of the kernel.
#include "gemm/repeat.h"

#include "base/parallel.h"
#include "gemm/blocking.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kTasks = 32;
// Rows of outputs summed up together: a vector of each, the weights of a column of the kernel and
// an input are in registers.
constexpr int kMostRows = kRegisters == 32 ? 14 : 8;
constexpr int kFewerRows = kRegisters == 32 ? 3 : 1;  // from one number of rows to the next,
constexpr int kLeastRows = kRegisters == 32 ? 8 : 7;  // down to this

// Of them, such that bands overlap least.
inline int64_t rows_of(int64_t height) {
  int64_t best = kMostRows;
  for (int64_t rows = kMostRows; rows >= kLeastRows; rows -= kFewerRows)
    if (up(height, rows) * rows < up(height, best) * best) best = rows;
  return best;
}

struct Forward {
  const Conv<float>& c;
  Repeated repeated;
  int64_t tasks;

  explicit Forward(const Conv<float>& conv)
      : c(conv),
        repeated(conv, rows_of(conv.ys.height)),
        tasks(least(c.images * repeated.bands, kTasks)) {}

  // --- memory: the weights, for each phase and column of the kernel its rows; for each phase
  // a vector of biases, and one of the order ---
  int64_t weights() const { return repeated.phases * repeated.taps() * kLanes<float>; }
  int64_t biases() const { return repeated.phases * kLanes<float>; }
  int64_t table_bytes() const { return align64((weights() + biases()) * sizeof(float)); }
  int64_t scratch() const { return table_bytes() + repeated.order_bytes(); }

  // The last band overlaps the one before; where the image is lower than a band, that begins above
  // it. Its first row, and how many are not its own.
  int64_t band_at(int64_t b) const { return least(b * repeated.band, c.ys.height - repeated.band); }
  int64_t shared(int64_t b) const { return b * repeated.band - band_at(b); }

  void set_table(float* to) const {
    float* const bias = to + weights();
    for (int64_t phase = 0; phase < repeated.phases; ++phase)
      for (int64_t l = 0; l < kLanes<float>; ++l) {
        const int64_t k = (phase * kLanes<float> + l) % c.out;
        bias[phase * kLanes<float> + l] = c.bias ? c.bias[k] : 0.0f;
        const float scale = c.scale ? c.scale[k] : 1.0f;
        float* at = to + phase * repeated.taps() * kLanes<float> + l;
        for (int64_t x = 0; x < c.tx.count; ++x)
          for (int64_t y = 0; y < c.ty.count; ++y, at += kLanes<float>)
            *at = scale * c.w[k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                              (c.tx.first + x * c.tx.kernel_step) * c.w_x];
      }
  }

  // A stack: a vector of each of kRows rows of outputs, stored from row `shared` on.
  template <int kRows, int kHigh>
  void sum_stack(const float* x, const float* w, Vector<float> bias, int64_t lanes, int64_t shared,
                 float* y) const {
    Vector<float> sum[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sum[r] = bias;
    const int64_t pitch = repeated.pitch;
    for (int64_t k = 0; k < c.tx.count; ++k, x += c.out, w += kHigh * kLanes<float>) {
      const float* at = x;
      Vector<float> weight[kHigh];
#pragma GCC unroll 8
      for (int u = 0; u < kHigh; ++u) weight[u] = load(w + u * kLanes<float>);
#pragma GCC unroll 32
      for (int r = 0; r < kRows + kHigh - 1; ++r, at += pitch) {
        const Vector<float> value = load(at);
#pragma GCC unroll 8
        for (int u = 0; u < kHigh; ++u)
          if (r - u >= 0 && r - u < kRows) sum[r - u] += value * weight[u];
      }
    }
    if (lanes == kLanes<float> && shared == 0 && !c.accumulate && !c.residual) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) store(y + r * c.ys.row, sum[r]);
    } else {
      alignas(64) float sums[kRows * kLanes<float>];
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) store(sums + r * kLanes<float>, sum[r]);
      put_rows(sums, kRows, lanes, shared, y);
    }
  }
  [[gnu::noinline]] void put_rows(const float* sums, int64_t rows, int64_t lanes, int64_t shared,
                                  float* y) const {
    for (int64_t r = shared; r < rows; ++r) {
      float* const to = y + r * c.ys.row;
      Vector<float> sum = load(sums + r * kLanes<float>);
      float more[kLanes<float>] = {};
      if (c.residual) {
        copy_row(c.residual + (to - c.y), lanes, more);
        sum += load(more);
      }
      if (c.accumulate) {
        copy_row(to, lanes, more);
        sum += load(more);
      }
      store(more, sum);
      copy_row(more, lanes, to);
    }
  }

  template <int kRows, int kHigh>
  void sum_stacks(int64_t first, int64_t shared, const float* x, const float* table,
                  float* y) const {
    const int64_t end = least(first + repeated.strip, repeated.vectors);
    int64_t at = 0;  // of the phase: strips begin with the first
    for (int64_t v = first; v < end; ++v) {
      sum_stack<kRows, kHigh>(x + (v - first) * kLanes<float>, table + at * repeated.taps(),
                              load(table + weights() + at),
                              least(repeated.length - v * kLanes<float>, kLanes<float>), shared,
                              y + v * kLanes<float>);
      at = at + kLanes<float> < biases() ? at + kLanes<float> : 0;
    }
  }

  using SumStacks = void (Forward::*)(int64_t, int64_t, const float*, const float*, float*) const;
  template <int kRows>
  SumStacks of_height() const {
    return c.ty.count == 3   ? &Forward::sum_stacks<kRows, 3>
           : c.ty.count == 5 ? &Forward::sum_stacks<kRows, 5>
                             : &Forward::sum_stacks<kRows, 7>;
  }
  template <int kRows>
  SumStacks of_rows() const {
    if constexpr (kRows > kLeastRows)
      if (repeated.band < kRows) return of_rows<kRows - kFewerRows>();
    return of_height<kRows>();
  }

  void run(void* scratch) const {
    float* const table = static_cast<float*>(scratch);
    set_table(table);
    int32_t* const order = reinterpret_cast<int32_t*>(static_cast<char*>(scratch) + table_bytes());
    repeated.set_order(order);
    const SumStacks some = of_rows<kMostRows>();
    const double cost =
        double(c.images) * c.ys.height * repeated.vectors * repeated.taps() / kBlocking.fma_per_ns;
    parallel(tasks, cost, [&](int64_t task) {
      alignas(64) char memory[kRepeatBytes];
      const Cut item(c.images * repeated.bands, tasks);
      for (int64_t q = item(task); q < item(task + 1); ++q) {
        const int64_t image = q / repeated.bands, band = q % repeated.bands;
        const int64_t oy = band_at(band), shared = this->shared(band);
        float* const y = c.y + image * c.ys.image + oy * c.ys.row;
        for (int64_t v = 0; v < repeated.vectors; v += repeated.strip) {
          repeated.fill(image, oy, v, order, memory);
          (this->*some)(v, shared, repeated.inputs(memory), table, y);
        }
        activate(c.activation, c.alpha, y + shared * c.ys.row, (repeated.band - shared) * c.ys.row);
      }
    });
  }
};

}  // namespace

bool suits_repeat(const Conv<float>& c) {
  if (!Repeated::fits(c)) return false;
  const Repeated own(c, rows_of(c.ys.height));
  if (own.band_bytes() > kRepeatBytes) return false;
  const double fmas = double(own.bands) * own.band * own.vectors * own.taps();
  const double loading = c.ty.count == 3 ? 1.9 : 1.25;  // few rows: an input for few FMAs
  // Tables as of a few images, whatever the batch: the way, and so the rounding, stays the same.
  const double cost = fmas * loading + own.filled() * 2.5 + own.tabled() * 0.75;
  return cost * 1.05 < cost_of_tiles(c, 7);
}

int64_t repeat_scratch(const Conv<float>& c) { return Forward(c).scratch(); }
void repeat_conv(const Conv<float>& c, void* scratch) { Forward(c).run(scratch); }

}  // namespace fastnn::FASTNN_ISA
