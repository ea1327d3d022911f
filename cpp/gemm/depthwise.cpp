#include "gemm/depthwise.h"

#include "base/parallel.h"
#include "gemm/cut.h"
#include "gemm/vector.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kTasks = 32;
constexpr double kTaskNs = 20e3;  // tasks are not shorter than this
constexpr double kFmaPerNs = 4;   // vectors: each waits for a load
constexpr int kPixels = 4;        // neighbouring outputs that share the weights
constexpr int kTaps = 9;          // of the gradient for the weight, in registers
constexpr int kAhead = 4;         // pixels that they take together,
constexpr int64_t kStretch = 16;  // and one after the other

// V is a vector, or one number.
template <class V, class T>
inline V get(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
inline void put(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Channels [k, k + lanes), of which another vector has done the `first`.
template <class T, class V>
struct Lanes {
  static constexpr int64_t kCount = sizeof(V) / sizeof(T);
  int64_t k, first;
  int64_t blocks = 1;  // so many vectors, or pairs of them, one after the other

  auto is_done() const {
    typename VectorOf<typename BitsOf<T>::type>::type lane{};
#pragma GCC unroll 1
    for (int64_t l = 0; l < kCount; ++l) lane[l] = l;
    return lane < static_cast<typename BitsOf<T>::type>(first);
  }
};

// f<n>(Lanes) on all channels, n vectors at a time, kMost at most; one by one where there are fewer
// than a vector's.
template <class T, int kMost, class F>
inline void each_lanes(int64_t wide, const F& f) {
  constexpr int64_t L = kLanes<T>;
  int64_t k = 0;
  if (wide >= L) {
    if constexpr (kMost > 1) {
      const int64_t pairs = wide / (2 * L);
      k = pairs * 2 * L;
      if (k) f.template operator()<2>(Lanes<T, Vector<T>>{0, 0, pairs});
    }
    for (; k < wide; k += L) {
      const int64_t at = least(k, wide - L);
      f.template operator()<1>(Lanes<T, Vector<T>>{at, k - at});
    }
  }
  for (; k < wide; ++k) f.template operator()<1>(Lanes<T, T>{k, 0});
}

// Taps [begin, end) of output o that fall on inputs.
struct Inside {
  int64_t begin, end;
  Inside(const Taps& t, int64_t o, int64_t inputs) {
    const int64_t at = o * t.stride + t.offset;
    begin = at < 0 ? least(up(-at, t.step), t.count) : 0;
    end = at < inputs ? most(least(up(inputs - at, t.step), t.count), begin) : begin;
  }
};

// Outputs [begin, end) all of whose taps fall on inputs.
struct Interior {
  int64_t begin, end;
  Interior(const Taps& t, int64_t outputs, int64_t inputs) {
    const int64_t last = inputs - 1 - t.offset - (t.count - 1) * t.step;
    begin = least(t.offset < 0 ? up(-t.offset, t.stride) : 0, outputs);
    end = most(least(last < 0 ? 0 : last / t.stride + 1, outputs), begin);
  }
};

// Rows of outputs of all images, cut into tasks.
template <class T>
struct Rows {
  int64_t rows, tasks;
  double cost;
  Rows(const Conv<T>& c, int64_t wide) : rows(c.images * c.ys.height) {
    cost =
        double(rows) * c.ys.width * up(wide, kLanes<T>) * (c.ty.count * c.tx.count + 2) / kFmaPerNs;
    tasks = least(rows, most(least(static_cast<int64_t>(cost / kTaskNs), kTasks), 1));
  }
};

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

// Where a channel has several filters, one image at a time is spread out to as many channels.
template <class T>
bool is_spread(const Conv<T>& c) {
  return c.out > c.in;
}
template <class T>
int64_t spread_bytes(const Conv<T>& c) {
  return is_spread(c) ? align64(c.xs.height * c.xs.width * c.out * sizeof(T)) : 0;
}
template <class T>
Conv<T> spread(const Conv<T>& c, int64_t image, T* to) {
  const int64_t m = c.out / c.in, width = c.xs.width;
  const double cost = double(c.xs.height) * width * c.out;
  parallel_chunks(c.xs.height, 16, cost, [=, &c](int64_t y, int64_t end) {
    for (int64_t p = y * width; p < end * width; ++p) {
      const T* x = c.x + image * c.xs.image + p / width * c.xs.row + p % width * c.xs.pixel;
      T* at = to + p * c.out;
      for (int64_t k = 0; k < c.in; ++k)
        for (int64_t i = 0; i < m; ++i) *at++ = x[k];
    }
  });
  Conv<T> one = c;
  one.images = 1;
  one.in = c.out;
  one.x = to;
  one.xs = {c.xs.height, width, c.out, width * c.out, 0};
  one.y = c.y + image * c.ys.image;
  if (c.residual) one.residual = c.residual + image * c.ys.image;
  return one;
}

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

template int64_t depthwise_scratch<float>(const Conv<float>&);
template int64_t depthwise_scratch<double>(const Conv<double>&);
template void depthwise<float>(const Conv<float>&, void*);
template void depthwise<double>(const Conv<double>&, void*);
template int64_t depthwise_gradient_scratch<float>(const ConvGradient<float>&);
template int64_t depthwise_gradient_scratch<double>(const ConvGradient<double>&);
template void depthwise_gradient<float>(const ConvGradient<float>&, void*);
template void depthwise_gradient<double>(const ConvGradient<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
