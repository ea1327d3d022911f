// The gradient for the weights: lanes run along a row of outputs here too, so that dz is read as it
// lies. Sums over the pixels of each phase stay in registers, one for each tap; at the end the
// lanes of a filter are added up.
#include "base/parallel.h"
#include "gemm/blocking.h"
#include "gemm/copies.h"
#include "gemm/repeat.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kCopies = 16;    // of dw, at most
constexpr int64_t kMostRows = 16;  // of a band

// Columns of a kernel that many rows high whose sums are in registers beside as many rows of dz and
// an input; those of a square one at most.
constexpr int columns_of(int high) {
  const int fit = (kRegisters - 1 - high) / high;
  return fit < high ? fit : high;
}

inline int64_t rows_of(int64_t height) { return up(height, up(height, kMostRows)); }

struct Gradient {
  const ConvGradient<float>& g;
  const Conv<float>& c;
  Repeated repeated;
  int64_t copies;

  explicit Gradient(const ConvGradient<float>& gradient)
      : g(gradient),
        c(gradient.of),
        repeated(c, rows_of(c.ys.height)),
        copies(least(c.images * repeated.bands, kCopies)) {}

  // --- memory: the order, and copies of dw: for each phase the taps, column by column
  int64_t sums() const { return repeated.phases * repeated.taps() * kLanes<float>; }
  int64_t copy_bytes() const { return align64(sums() * sizeof(float)); }
  int64_t scratch() const { return align64(repeated.order_bytes()) + copies * copy_bytes(); }
  float* copy(void* scratch, int64_t i) const {
    return reinterpret_cast<float*>(static_cast<char*>(scratch) + align64(repeated.order_bytes()) +
                                    i * copy_bytes());
  }

  // Vectors of a band's dz that belong to one phase.
  struct Strip {
    const float* x;   // of the first vector, channel and column
    const float* dz;  // likewise
    int64_t vectors;  // `phases` apart from each other
    int64_t rows;
    const float* last;  // dz of the last one, or null where that lies as the others do
  };

  // Sums of kWide columns of the kernel, kHigh rows high.
  template <int kHigh, int kWide>
  void add(const Strip& s, float* to) const {
    Vector<float> sum[kWide][kHigh];
#pragma GCC unroll 8
    for (int k = 0; k < kWide; ++k)
#pragma GCC unroll 8
      for (int u = 0; u < kHigh; ++u) sum[k][u] = load(to + (k * kHigh + u) * kLanes<float>);
    const int64_t pitch = repeated.pitch, tap = c.out, step = repeated.phases * kLanes<float>;
    for (int64_t v = 0; v < s.vectors; ++v) {
      const bool apart = s.last && v + 1 == s.vectors;
      const float* dz = apart ? s.last : s.dz + v * step;
      const int64_t dz_row = apart ? kLanes<float> : c.ys.row;
      const float* x = s.x + v * step;
      Vector<float> held[kHigh];  // rows r, r - 1 ... of dz where x is row r of the inputs
      // Rows of inputs that meet rows [first, kHigh) of the kernel, or [0, last).
      const auto meet = [&](int first, int last) {
#pragma GCC unroll 8
        for (int k = 0; k < kWide; ++k) {
          const Vector<float> value = load(x + k * tap);
#pragma GCC unroll 8
          for (int u = 0; u < kHigh; ++u)
            if (u >= first && u < last) sum[k][u] += value * held[u];
        }
        x += pitch;
      };
      const auto shift = [&] {
#pragma GCC unroll 8
        for (int u = kHigh - 1; u > 0; --u) held[u] = held[u - 1];
      };
#pragma GCC unroll 8
      for (int r = 0; r + 1 < kHigh; ++r, dz += dz_row) {
        shift();
        held[0] = load(dz);
        meet(0, r + 1);
      }
      for (int64_t r = kHigh - 1; r < s.rows; ++r, dz += dz_row) {
        shift();
        held[0] = load(dz);
        meet(0, kHigh);
      }
#pragma GCC unroll 8
      for (int r = 1; r < kHigh; ++r) {
        shift();
        meet(r, kHigh);
      }
    }
#pragma GCC unroll 8
    for (int k = 0; k < kWide; ++k)
#pragma GCC unroll 8
      for (int u = 0; u < kHigh; ++u) store(to + (k * kHigh + u) * kLanes<float>, sum[k][u]);
  }

  template <int kHigh, int kWide>
  void add_columns(Strip s, float* to) const {
    int64_t left = c.tx.count;
    for (; left >= kWide; left -= kWide, s.x += kWide * c.out, to += kWide * kHigh * kLanes<float>)
      add<kHigh, kWide>(s, to);
    for (; left > 0; --left, s.x += c.out, to += kHigh * kLanes<float>) add<kHigh, 1>(s, to);
  }

  using AddColumns = void (Gradient::*)(Strip, float*) const;
  AddColumns of_height() const {
    return c.ty.count == 3   ? &Gradient::add_columns<3, columns_of(3)>
           : c.ty.count == 5 ? &Gradient::add_columns<5, columns_of(5)>
                             : &Gradient::add_columns<7, columns_of(7)>;
  }

  // Bands [begin, end) of all images into one copy.
  void sum_bands(int64_t begin, int64_t end, const int32_t* order, float* to) const {
    alignas(64) char memory[kRepeatBytes];
    alignas(64) float last[kMostRows * kLanes<float>] = {};
    const AddColumns some = of_height();
    const Cut row(c.ys.height, repeated.bands);
    const int64_t vectors = repeated.vectors, phases = repeated.phases;
    const int64_t rest = repeated.length % kLanes<float>;  // of the last vector, if it is not full
    __builtin_memset(to, 0, copy_bytes());
    for (int64_t q = begin; q < end; ++q) {
      const int64_t image = q / repeated.bands, band = q % repeated.bands;
      const int64_t oy = row(band), rows = row(band + 1) - oy;
      const float* const dz = g.dz + image * c.ys.image + oy * c.ys.row;
      if (rest)
        for (int64_t r = 0; r < rows; ++r)
          copy_row(dz + r * c.ys.row + repeated.length - rest, rest, last + r * kLanes<float>);
      for (int64_t v = 0; v < vectors; v += repeated.strip) {
        repeated.fill(image, oy, v, order, memory);
        const int64_t stop = least(v + repeated.strip, vectors);
        for (int64_t p = 0; p < least(phases, stop - v); ++p) {
          const int64_t count = up(stop - v - p, phases);
          const bool is_last = v + p + (count - 1) * phases == vectors - 1;
          const Strip strip{repeated.inputs(memory) + p * kLanes<float>,
                            dz + (v + p) * kLanes<float>, count, rows,
                            is_last && rest ? last : nullptr};
          (this->*some)(strip, to + p * repeated.taps() * kLanes<float>);
        }
      }
    }
  }

  void run(void* scratch) const {
    int32_t* const order = static_cast<int32_t*>(scratch);
    repeated.set_order(order);
    const double cost =
        double(c.images) * c.ys.height * repeated.vectors * repeated.taps() / kBlocking.fma_per_ns;
    parallel(copies, cost, [&](int64_t task) {
      const Cut band(c.images * repeated.bands, copies);
      sum_bands(band(task), band(task + 1), order, copy(scratch, task));
    });
    float* const sum = copy(scratch, 0);
    add_copies(sum, sums(), copies, copy_bytes());
    hand_out(sum);
  }

  // Lanes of a filter, of all phases.
  void hand_out(const float* sum) const {
    const int64_t taps = repeated.taps();
    for (int64_t x = 0, tap = 0; x < c.tx.count; ++x)
      for (int64_t y = 0; y < c.ty.count; ++y, ++tap) {
        float filters[kRepeatMostFilters] = {};
        for (int64_t p = 0, k = 0; p < repeated.phases; ++p)
          for (int64_t l = 0; l < kLanes<float>; ++l, k = k + 1 < c.out ? k + 1 : 0)
            filters[k] += sum[(p * taps + tap) * kLanes<float> + l];
        float* to = g.dw + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                    (c.tx.first + x * c.tx.kernel_step) * c.w_x;
        for (int64_t k = 0; k < c.out; ++k, to += c.w_out)
          *to = g.accumulate ? *to + filters[k] : filters[k];
      }
  }
};

}  // namespace

bool suits_repeat_gradient(const Conv<float>& c) {
  if (!Repeated::fits(c)) return false;
  const Repeated own(c, rows_of(c.ys.height));
  if (own.band_bytes() > kRepeatBytes) return false;
  // `add` begins a band with as many rows of dz as the kernel has, but one.
  if (c.ys.height / own.bands + 1 < c.ty.count) return false;
  const double fmas = double(c.ys.height) * own.vectors * own.taps();
  const double sums = double(own.strips) * own.phases * own.bands * own.taps();
  const bool lone = columns_of(static_cast<int>(c.ty.count)) == 1;  // columns that share no dz
  const double loading = c.ty.count == 3 ? 1.9 : lone ? 1.5 : c.ty.count == 5 ? 1.3 : 1.1;
  const double cost = fmas * loading + sums * 10 + own.filled() * 3 + own.tabled() * 3 / c.images;
  return cost * 1.15 < cost_of_tiles(c, 4);
}

int64_t repeat_gradient_scratch(const ConvGradient<float>& g) { return Gradient(g).scratch(); }
void repeat_gradient(const ConvGradient<float>& g, void* scratch) { Gradient(g).run(scratch); }

}  // namespace fastnn::FASTNN_ISA
