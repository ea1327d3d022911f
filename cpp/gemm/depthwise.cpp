#include "gemm/depthwise.h"

#include "gemm/depthwise_rows.h"

namespace fastnn::FASTNN_ISA {
namespace {

using namespace channelwise;

constexpr int kPixels = 4;  // neighbouring outputs that share the weights

template <class T>
struct Depthwise {
  const Conv<T>& c;
  int64_t wide, m;
  bool folds;  // m channels read make one written

  explicit Depthwise(const Conv<T>& conv)
      : c(conv), wide(most(c.in, c.out)), m(wide / least(c.in, c.out)), folds(c.in > c.out) {}

  int64_t taps() const { return c.ty.count * c.tx.count; }
  int64_t scratch() const {
    return align64(taps() * (up(wide, kLanes<T>) + 1) * kLanes<T> * sizeof(T));
  }

  // Weights of kLanes channels tap by tap, scaled, then of the next ones. Those of the last vector,
  // which may begin earlier, once more at the end.
  void pack(T* packed) const {
    constexpr int64_t L = kLanes<T>;
    for (int64_t k = 0; k < wide; ++k) pack_filter(k, packed + k / L * L * taps() + k % L);
    for (int64_t l = 0; l < L && wide > L; ++l)
      pack_filter(wide - L + l, packed + up(wide, L) * L * taps() + l);
  }
  void pack_filter(int64_t k, T* to) const {
    const T scale = c.scale ? c.scale[k] : T(1);
    for (int64_t y = 0; y < c.ty.count; ++y)
      for (int64_t x = 0; x < c.tx.count; ++x, to += kLanes<T>)
        *to = scale * c.w[k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                          (c.tx.first + x * c.tx.kernel_step) * c.w_x];
  }
  // Where those of channel k on begin.
  const T* packed_at(const T* packed, int64_t k) const {
    constexpr int64_t L = kLanes<T>;
    return packed + (k % L == 0 ? k : up(wide, L) * L) * taps();
  }

  // What a plain store of a vector is not enough for.
  template <class V>
  [[gnu::noinline]] void finish(V value, int64_t k, int64_t first, T* y) const {
    constexpr int64_t L = sizeof(V) / sizeof(T);
    T parts[L];
    put(parts, value);
    const T* more = c.residual ? c.residual + (y - c.y) : c.accumulate ? y : nullptr;
#pragma GCC unroll 1
    for (int64_t l = first; l < L; ++l) {
      if (folds) {
        y[(k + l) / m] += parts[l];
        continue;
      }
      const T sum = more ? more[k + l] + parts[l] : parts[l];
      y[k + l] = c.activation == Activation::kRelu && sum < T(0) ? T(0) : sum;
    }
  }

  // kCount outputs from (oy, ox) on: x and y of the first one's first tap, taps [v0, v1) of rows
  // [u0, u1).
  template <int kCount, int kVectors, class V>
  [[gnu::noinline]] void tile(const Lanes<T, V>& lanes, const Inside& u, const Inside& v,
                              const T* x, const T* packed, T* y) const {
    constexpr int64_t L = sizeof(V) / sizeof(T);
    const int64_t step = c.tx.stride * c.xs.pixel, across = c.tx.step * c.xs.pixel;
    const int64_t down = c.ty.step * c.xs.row, pixel = c.ys.pixel, apart = taps() * L;
    const bool is_relu = c.activation == Activation::kRelu;
    const bool is_plain = !folds && !c.residual && !c.accumulate && !lanes.first;
    const int64_t begin = u.begin * c.tx.count + v.begin, columns = c.tx.count, n = v.end - v.begin;
    const T* const w0 =
        L == 1 ? packed + lanes.k / kLanes<T> * kLanes<T> * taps() + lanes.k % kLanes<T>
               : packed_at(packed, lanes.k);
    x += u.begin * down + v.begin * across + lanes.k;
    for (int64_t block = 0; block < lanes.blocks; ++block) {
      const int64_t k = lanes.k + block * kVectors * L;
      V sum[kCount][kVectors];
#pragma GCC unroll 2
      for (int q = 0; q < kVectors; ++q)
#pragma GCC unroll 4
        for (int p = 0; p < kCount; ++p) sum[p][q] = c.bias ? get<V>(c.bias + k + q * L) : V{};
      const T* row = x + block * kVectors * L;
      const T* w_row = w0 + block * kVectors * apart + begin * kLanes<T>;
      for (int64_t i = u.begin; i < u.end; ++i, row += down, w_row += columns * kLanes<T>) {
        const T *from = row, *w = w_row;
        for (int64_t j = 0; j < n; ++j, from += across, w += kLanes<T>)
#pragma GCC unroll 2
          for (int q = 0; q < kVectors; ++q) {
            const V weight = get<V>(w + q * apart);
#pragma GCC unroll 4
            for (int p = 0; p < kCount; ++p) sum[p][q] += weight * get<V>(from + p * step + q * L);
          }
      }
      if (!is_plain) {
        V kept[kCount * kVectors];
#pragma GCC unroll 4
        for (int p = 0; p < kCount; ++p)
#pragma GCC unroll 2
          for (int q = 0; q < kVectors; ++q) kept[p * kVectors + q] = sum[p][q];
#pragma GCC unroll 1
        for (int64_t p = 0; p < kCount * kVectors; ++p)
          finish(kept[p], k + p % kVectors * L, lanes.first, y + p / kVectors * pixel);
        continue;
      }
#pragma GCC unroll 4
      for (int p = 0; p < kCount; ++p)
#pragma GCC unroll 2
        for (int q = 0; q < kVectors; ++q) {
          if (is_relu) sum[p][q] = sum[p][q] < V{} ? V{} : sum[p][q];
          put(y + p * pixel + k + q * L, sum[p][q]);
        }
    }
  }

  [[gnu::noinline]] void row(int64_t image, int64_t oy, const T* packed) const {
    T* const y = c.y + image * c.ys.image + oy * c.ys.row;
    const T* const x = c.x + image * c.xs.image + (oy * c.ty.stride + c.ty.offset) * c.xs.row +
                       c.tx.offset * c.xs.pixel;
    if (folds && !c.accumulate)
      for (int64_t ox = 0; ox < c.ys.width; ++ox)
        __builtin_memset(y + ox * c.ys.pixel, 0, c.out * sizeof(T));
    const Inside u(c.ty, oy, c.xs.height);
    const Interior inner(c.tx, c.ys.width, c.xs.width);
    // Pixel by pixel, for memory is read in order.
    for (int64_t ox = 0; ox < c.ys.width;) {
      const bool whole = ox >= inner.begin && ox + kPixels <= inner.end;
      const int64_t count = whole ? kPixels : 1;
      const Inside v(c.tx, ox, c.xs.width);
      each_lanes<T, 2>(wide, [&]<int kVectors, class V>(const Lanes<T, V>& lanes) {
        const T* const from = x + ox * c.tx.stride * c.xs.pixel;
        T* const to = y + ox * c.ys.pixel;
        if constexpr (sizeof(V) > sizeof(T))
          if (whole) return tile<kPixels, kVectors>(lanes, u, v, from, packed, to);
        for (int64_t p = 0; p < count; ++p)
          tile<1, kVectors>(lanes, u, v, from + p * c.tx.stride * c.xs.pixel, packed,
                            to + p * c.ys.pixel);
      });
      ox += count;
    }
    if (c.activation == Activation::kLinear || c.activation == Activation::kRelu) return;
    for (int64_t ox = 0; ox < c.ys.width; ++ox)
      activate(c.activation, c.alpha, y + ox * c.ys.pixel, c.out);
  }

  void run(const T* packed) const {
    const Rows<T> all(c, wide);
    parallel(all.tasks, all.cost, [&](int64_t task) {
      const Cut cut(all.rows, all.tasks);
      for (int64_t r = cut(task); r < cut(task + 1); ++r)
        row(r / c.ys.height, r % c.ys.height, packed);
    });
  }
};

}  // namespace

template <class T>
int64_t depthwise_scratch(const Conv<T>& c) {
  return spread_bytes(c) + Depthwise<T>(c).scratch();
}
template <class T>
void depthwise(const Conv<T>& c, void* scratch) {
  T* const packed = reinterpret_cast<T*>(static_cast<char*>(scratch) + spread_bytes(c));
  Depthwise<T>(c).pack(packed);
  if (!is_spread(c)) return Depthwise<T>(c).run(packed);
  for (int64_t image = 0; image < c.images; ++image) {
    const Conv<T> one = spread(c, image, static_cast<T*>(scratch));
    Depthwise<T>(one).run(packed);
  }
}

template int64_t depthwise_scratch<float>(const Conv<float>&);
template int64_t depthwise_scratch<double>(const Conv<double>&);
template void depthwise<float>(const Conv<float>&, void*);
template void depthwise<double>(const Conv<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
