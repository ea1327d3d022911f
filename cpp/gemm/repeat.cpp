#include "gemm/repeat.h"

#include "base/parallel.h"
#include "gemm/blocking.h"
#include "gemm/pairs.h"
#include "gemm/widen.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kTasks = 32;
constexpr double kRepeating = 5;  // FMAs that a vector of outputs takes beside its taps
constexpr double kFaster = 1.1;   // than by tiles

template <class T>
struct Forward {
  const Conv<T>& c;
  Repeated<T> repeated;
  int64_t tasks;

  explicit Forward(const Conv<T>& conv)
      : c(conv), repeated(conv), tasks(least(c.images * repeated.bands, kTasks)) {}

  // --- memory: the weights, for each phase and column of the kernel its rows; for each phase
  // a vector of biases, and one of the order ---
  int64_t weights() const { return repeated.phases * repeated.taps() * kLanes<T>; }
  int64_t biases() const { return repeated.phases * kLanes<T>; }
  int64_t table_bytes() const { return align64((weights() + biases()) * sizeof(T)); }
  int64_t scratch() const { return table_bytes() + repeated.order_bytes(); }

  void set_table(T* to) const {
    T* const bias = to + weights();
    for (int64_t phase = 0; phase < repeated.phases; ++phase)
      for (int64_t l = 0; l < kLanes<T>; ++l) {
        const int64_t k = (phase * kLanes<T> + l) % c.out;
        bias[phase * kLanes<T> + l] = c.bias ? c.bias[k] : T(0);
        T* at = to + phase * repeated.taps() * kLanes<T> + l;
        for (int64_t x = 0; x < c.tx.count; ++x)
          for (int64_t y = 0; y < c.ty.count; ++y, at += kLanes<T>)
            *at = c.w[k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                      (c.tx.first + x * c.tx.kernel_step) * c.w_x];
      }
  }

  // A vector of each of kRows rows of outputs, stored from row `shared` on.
  template <int kRows, int kHigh>
  void column(const T* x, const T* w, Vector<T> bias, int64_t lanes, int64_t shared, T* y) const {
    Vector<T> sum[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sum[r] = bias;
    const int64_t pitch = repeated.pitch;
    for (int64_t k = 0; k < c.tx.count; ++k, x += c.out, w += kHigh * kLanes<T>) {
      const T* at = x;
      Vector<T> weight[kHigh];
#pragma GCC unroll 8
      for (int u = 0; u < kHigh; ++u) weight[u] = load(w + u * kLanes<T>);
#pragma GCC unroll 32
      for (int r = 0; r < kRows + kHigh - 1; ++r, at += pitch) {
        const Vector<T> value = load(at);
#pragma GCC unroll 8
        for (int u = 0; u < kHigh; ++u)
          if (r - u >= 0 && r - u < kRows) sum[r - u] += value * weight[u];
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r, y += c.ys.row) {
      if (r < shared) continue;
      const bool whole = lanes == kLanes<T>;
      T part[kLanes<T>] = {};
      if (!whole && c.accumulate) copy_row(y, lanes, part);
      T* const to = whole ? y : part;
      store(to, c.accumulate ? load(to) + sum[r] : sum[r]);
      if (!whole) copy_row(part, lanes, y);
    }
  }

  template <int kRows, int kHigh>
  void columns(int64_t first, int64_t shared, const T* x, const T* table, T* y) const {
    const int64_t end = least(first + repeated.strip, repeated.vectors);
    int64_t at = 0;  // of the phase: strips begin with the first
    for (int64_t v = first; v < end; ++v) {
      column<kRows, kHigh>(
          x + (v - first) * kLanes<T>, table + at * repeated.taps(), load(table + weights() + at),
          least(repeated.length - v * kLanes<T>, kLanes<T>), shared, y + v * kLanes<T>);
      at = at + kLanes<T> < biases() ? at + kLanes<T> : 0;
    }
  }

  using Columns = void (Forward::*)(int64_t, int64_t, const T*, const T*, T*) const;
  template <int kRows>
  Columns columns_of() const {
    return c.ty.count == 3   ? &Forward::columns<kRows, 3>
           : c.ty.count == 5 ? &Forward::columns<kRows, 5>
                             : &Forward::columns<kRows, 7>;
  }
  template <int kAt>
  Columns columns_from() const {
    constexpr int kRows = kRepeatRows[kAt];
    if constexpr (kRows != kRepeatRows[4])
      if (repeated.band != kRows) return columns_from<kAt + 1>();
    return columns_of<kRows>();
  }

  void run(void* scratch) const {
    T* const table = static_cast<T*>(scratch);
    set_table(table);
    Integer<T>* const order =
        reinterpret_cast<Integer<T>*>(static_cast<char*>(scratch) + table_bytes());
    repeated.set_order(order);
    const Columns some = columns_from<kRepeatTall>();
    const double cost =
        double(c.images) * c.ys.height * repeated.vectors * repeated.taps() / kBlocking.fma_per_ns;
    parallel(tasks, cost, [&](int64_t task) {
      alignas(64) char memory[kRepeatBytes];
      const Cut item(c.images * repeated.bands, tasks);
      for (int64_t q = item(task); q < item(task + 1); ++q) {
        const int64_t image = q / repeated.bands, band = q % repeated.bands;
        const int64_t oy = repeated.band_at(band), shared = repeated.shared(band);
        T* const y = c.y + image * c.ys.image + oy * c.ys.row;
        for (int64_t v = 0; v < repeated.vectors; v += repeated.strip) {
          repeated.fill(image, oy, v, order, memory);
          (this->*some)(v, shared, repeated.inputs(memory), table, y);
        }
        activate(c.activation, c.alpha, y + shared * c.ys.row, (repeated.band - shared) * c.ys.row);
      }
    });
  }
};

// Vector FMAs of a row by tiles, neighbouring outputs as one where that is better.
template <class T>
double tile_fmas(const Conv<T>& c) {
  const int64_t p = widening(c);
  return double(c.ys.width) / p * up(p * c.out, kLanes<T>) * c.ty.count * (c.tx.count + p - 1);
}

}  // namespace

template <class T>
bool suits_repeat(const Conv<T>& c) {
  const auto is_plain = [](const Taps& t) { return t.stride == 1 && t.step == 1; };
  if (has_pairs<T>(c.precision) || !is_plain(c.ty) || !is_plain(c.tx)) return false;
  if (c.in != 1 || c.xs.pixel != 1 || c.out > kRepeatMostFilters<T>) return false;
  if (c.ty.count != 3 && c.ty.count != 5 && c.ty.count != 7) return false;
  if (c.ys.pixel != c.out || c.ys.row != c.ys.width * c.out) return false;
  const Repeated<T> own(c);
  if (own.band_bytes() > kRepeatBytes || c.ys.height / own.bands + 1 < c.ty.count) return false;
  const double rows = double(own.bands * own.band) / c.ys.height;  // computed for each
  return own.vectors * rows * (own.taps() + kRepeating) * kFaster < tile_fmas(c);
}

template <class T>
int64_t repeat_scratch(const Conv<T>& c) {
  return Forward<T>(c).scratch();
}
template <class T>
void repeat_conv(const Conv<T>& c, void* scratch) {
  Forward<T>(c).run(scratch);
}

template bool suits_repeat<float>(const Conv<float>&);
template bool suits_repeat<double>(const Conv<double>&);
template int64_t repeat_scratch<float>(const Conv<float>&);
template int64_t repeat_scratch<double>(const Conv<double>&);
template void repeat_conv<float>(const Conv<float>&, void*);
template void repeat_conv<double>(const Conv<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
