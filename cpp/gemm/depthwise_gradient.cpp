// The gradient of a depthwise convolution for its weight.
#include "gemm/depthwise_rows.h"

namespace fastnn::FASTNN_ISA {
namespace {

using namespace channelwise;

constexpr int kTaps = 9;          // in registers
constexpr int kAhead = 4;         // pixels that they take together,
constexpr int64_t kStretch = 16;  // and one after the other

// dw[k, tap] = sum over pixels of x[pixel at tap, k / m] dz[pixel, k]: rows of outputs one by one,
// each task into sums of its own, (tap, k).
template <class T>
struct Gradient {
  const ConvGradient<T>& g;
  const Conv<T>& c;
  int64_t wide, taps;
  Rows<T> all;

  explicit Gradient(const ConvGradient<T>& given)
      : g(given), c(g.of), wide(c.out), taps(c.ty.count * c.tx.count), all(c, wide) {
    all.tasks = least(all.tasks, kTasks / 2);
  }

  int64_t task_bytes() const { return align64(taps * wide * sizeof(T)); }
  int64_t scratch() const { return all.tasks * task_bytes(); }

  // sums[tap[t]] += sum over `count` pixels of dz x, whose inputs lie at[t] from x. The first
  // `valid` of kTaps count.
  template <class V>
  [[gnu::noinline]] void pixels(const Lanes<T, V>& lanes, int64_t count, int64_t valid,
                                const int64_t* at, const int64_t* tap, const T* x, const T* dz,
                                T* sums) const {
    const int64_t step = c.tx.stride * c.xs.pixel, dz_step = c.ys.pixel;
    if constexpr (sizeof(V) == sizeof(T)) {
      for (int64_t t = 0; t < valid; ++t)
        for (int64_t p = 0; p < count; ++p) sums[tap[t]] += dz[p * dz_step] * x[at[t] + p * step];
    } else {
      V sum[kTaps] = {};
      for (; count >= kAhead; count -= kAhead, x += kAhead * step, dz += kAhead * dz_step) {
        V d[kAhead];
#pragma GCC unroll 4
        for (int p = 0; p < kAhead; ++p) d[p] = get<V>(dz + p * dz_step);
#pragma GCC unroll 9
        for (int t = 0; t < kTaps; ++t) {
          const T* from = x + at[t];
#pragma GCC unroll 4
          for (int p = 0; p < kAhead; ++p) sum[t] += d[p] * get<V>(from + p * step);
        }
      }
      for (; count > 0; --count, x += step, dz += dz_step) {
        const V d = get<V>(dz);
#pragma GCC unroll 9
        for (int t = 0; t < kTaps; ++t) sum[t] += d * get<V>(x + at[t]);
      }
      if (lanes.first) {  // the others have been counted
        const auto counted = lanes.is_done();
#pragma GCC unroll 9
        for (int t = 0; t < kTaps; ++t) sum[t] = counted ? V{} : sum[t];
      }
#pragma GCC unroll 9
      for (int t = 0; t < kTaps; ++t) {
        if (t >= valid) break;
        T* const to = sums + tap[t];
        put(to, get<V>(to) + sum[t]);
      }
    }
  }

  // Taps of rows u, v in them, for `count` pixels; a few pixels at a time, whose lines stay in L1
  // for all channels.
  [[gnu::noinline]] void stretch(const Inside& u, const Inside& v, int64_t count, const T* x,
                                 const T* dz, T* sums) const {
    const int64_t row = v.end - v.begin, n = (u.end - u.begin) * row;
    for (int64_t first = 0; first < n; first += kTaps) {
      int64_t at[kTaps], tap[kTaps];
      for (int64_t t = 0; t < kTaps; ++t) {
        const int64_t q = least(first + t, n - 1), i = u.begin + q / row, j = v.begin + q % row;
        at[t] = i * c.ty.step * c.xs.row + j * c.tx.step * c.xs.pixel;
        tap[t] = (i * c.tx.count + j) * wide;
      }
      const int64_t valid = least(n - first, kTaps);
      for (int64_t p = 0; p < count; p += kStretch)
        each_lanes<T, 1>(wide, [&]<int kVectors, class V>(const Lanes<T, V>& lanes) {
          pixels(lanes, least(count - p, kStretch), valid, at, tap,
                 x + p * c.tx.stride * c.xs.pixel + lanes.k, dz + p * c.ys.pixel + lanes.k,
                 sums + lanes.k);
        });
    }
  }

  [[gnu::noinline]] void row(int64_t image, int64_t oy, T* sums) const {
    const T* const dz = g.dz + image * c.ys.image + oy * c.ys.row;
    const T* const x = c.x + image * c.xs.image + (oy * c.ty.stride + c.ty.offset) * c.xs.row +
                       c.tx.offset * c.xs.pixel;
    const Inside u(c.ty, oy, c.xs.height);
    const Interior inner(c.tx, c.ys.width, c.xs.width);
    for (int64_t ox = 0; ox < c.ys.width;) {
      const int64_t count = ox == inner.begin && inner.end > ox ? inner.end - ox : 1;
      stretch(u, Inside(c.tx, ox, c.xs.width), count, x + ox * c.tx.stride * c.xs.pixel,
              dz + ox * c.ys.pixel, sums);
      ox += count;
    }
  }

  void run(char* memory) const {
    const auto sums_of = [&](int64_t task) {
      return reinterpret_cast<T*>(memory + task * task_bytes());
    };
    parallel(all.tasks, all.cost, [&](int64_t task) {
      T* const sums = sums_of(task);
      __builtin_memset(sums, 0, taps * wide * sizeof(T));
      const Cut cut(all.rows, all.tasks);
      for (int64_t r = cut(task); r < cut(task + 1); ++r)
        row(r / c.ys.height, r % c.ys.height, sums);
    });
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t y = tap / c.tx.count, x = tap % c.tx.count;
      T* const dw = g.dw + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                    (c.tx.first + x * c.tx.kernel_step) * c.w_x;
      for (int64_t k = 0; k < wide; ++k) {
        T sum = g.accumulate ? dw[k * c.w_out] : T(0);
        for (int64_t task = 0; task < all.tasks; ++task) sum += sums_of(task)[tap * wide + k];
        dw[k * c.w_out] = sum;
      }
    }
  }
};

}  // namespace

template <class T>
int64_t depthwise_gradient_scratch(const ConvGradient<T>& g) {
  return spread_bytes(g.of) + Gradient<T>(g).scratch();
}
template <class T>
void depthwise_gradient(const ConvGradient<T>& g, void* scratch) {
  char* const memory = static_cast<char*>(scratch) + spread_bytes(g.of);
  if (!is_spread(g.of) || g.of.images == 0) return Gradient<T>(g).run(memory);
  ConvGradient<T> one = g;
  for (int64_t image = 0; image < g.of.images; ++image) {
    one.of = spread(g.of, image, static_cast<T*>(scratch));
    one.dz = g.dz + image * g.of.ys.image;
    Gradient<T>(one).run(memory);
    one.accumulate = true;
  }
}

template int64_t depthwise_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t depthwise_gradient_scratch<double>(const ConvGradient<double>&);
template void depthwise_gradient<float>(const ConvGradient<float>&, void*);
template void depthwise_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
