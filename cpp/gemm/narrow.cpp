#include "gemm/narrow.h"

#include "base/parallel.h"
#include "gemm/cut.h"
#include "gemm/micro_kernel.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kTasks = 32;
constexpr int64_t kMostPixels = 32 * 32;  // the products of an image are kept

template <class T>
struct Narrow {
  const Conv<T>& c;
  int64_t panels;  // of products of a pixel: taps by filters
  int64_t width;   // of a row of products
  int64_t tasks;
  double cost;

  explicit Narrow(const Conv<T>& conv) : c(conv) {
    const int64_t products = c.ty.count * c.tx.count * c.out;
    panels = up(products, kPanel<T>);
    width = panels * kPanel<T>;
    tasks = least(c.images, kTasks);
    cost = double(c.images) * c.xs.height * c.xs.width *
           (c.in * up(products, kLanes<T>) / kBlocking.fma_per_ns + c.ty.count * c.tx.count * 0.3);
  }

  int64_t weight_bytes() const { return align64(width * c.in * sizeof(T)); }
  int64_t product_bytes() const {
    return align64((c.xs.height * c.xs.width * width + kLanes<T>)*sizeof(T));
  }
  int64_t scratch() const { return weight_bytes() + tasks * product_bytes(); }

  void pack(T* packed) const {
    __builtin_memset(packed, 0, weight_bytes());
    for (int64_t y = 0, at = 0; y < c.ty.count; ++y)
      for (int64_t x = 0; x < c.tx.count; ++x)
        for (int64_t k = 0; k < c.out; ++k, ++at) {
          const T* w = c.w + k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                       (c.tx.first + x * c.tx.kernel_step) * c.w_x;
          T* to = packed + at / kPanel<T> * kPanel<T> * c.in + at % kPanel<T>;
          for (int64_t i = 0; i < c.in; ++i) to[i * kPanel<T>] = w[i * c.w_in];
        }
  }

  // `pixels` neighbouring inputs by all taps.
  void multiply(const T* x, int64_t pixels, const T* packed, T* products) const {
    Stretch<T> stretch{c.in, 0, packed, kPanel<T>};
    const int64_t tiles = up(pixels, kBlocking.mr);
    const Cut pixel(pixels, tiles);
    TileArgs<T> t{};
    t.k = c.in;
    t.stretches = &stretch;
    t.n_stretches = 1;
    t.a_row = c.xs.pixel;
    t.a_col = 1;
    t.ldc = width;
    t.cols = kPanel<T>;
    t.plain = true;
    for (int64_t j = 0; j < panels; ++j, stretch.b += c.in * kPanel<T>)
      for (int64_t tile = 0; tile < tiles; tile += t.count) {
        const bool longer = tile < pixel.longer;
        const int64_t rows = pixel.size + longer;
        t.count = longer ? pixel.longer : tiles - tile;
        t.a = x + pixel(tile) * t.a_row;
        t.a_step = rows * t.a_row;
        t.c = products + pixel(tile) * t.ldc + j * kPanel<T>;
        t.c_step = rows * t.ldc;
        tile_kernels<T>().at[rows][kBlocking.nr](t);
      }
  }

  // Taps of output o that fall on inputs: [begin, end).
  struct Reach {
    int64_t begin, end;
    Reach(const Taps& t, int64_t o, int64_t inputs)
        : begin(most(-(o + t.offset), 0)), end(least(inputs - o - t.offset, t.count)) {}
  };

  void collect(int64_t image, const T* products) const {
    T* const y = c.y + image * c.ys.image;
    const int64_t row = c.xs.width * width, taps = c.tx.count * c.out;
    for (int64_t oy = 0; oy < c.ys.height; ++oy) {
      const Reach ry(c.ty, oy, c.xs.height);
      for (int64_t ox = 0; ox < c.ys.width; ++ox) {
        const Reach rx(c.tx, ox, c.xs.width);
        Vector<T> sum{};
        for (int64_t u = ry.begin; u < ry.end; ++u) {
          const T* p = products + (oy + c.ty.offset + u) * row +
                       (ox + c.tx.offset + rx.begin) * width + u * taps + rx.begin * c.out;
          for (int64_t v = rx.begin; v < rx.end; ++v, p += width + c.out) sum += load(p);
        }
        T* const to = y + oy * c.ys.row + ox * c.ys.pixel;
        for (int64_t k = 0; k < c.out; ++k) {
          const T value = c.bias ? sum[k] + c.bias[k] : sum[k];
          to[k] = c.accumulate ? to[k] + value : value;
        }
        if (c.ys.pixel != c.out) activate(c.activation, c.alpha, to, c.out);
      }
      if (c.ys.pixel == c.out)
        activate(c.activation, c.alpha, y + oy * c.ys.row, c.ys.width * c.out);
    }
  }

  void run(void* scratch) const {
    T* const packed = static_cast<T*>(scratch);
    pack(packed);
    const bool one = c.xs.row == c.xs.width * c.xs.pixel;  // all rows in one
    const int64_t rows = one ? 1 : c.xs.height, pixels = c.xs.width * (one ? c.xs.height : 1);
    parallel(tasks, cost, [&](int64_t task) {
      const Cut image(c.images, tasks);
      T* const products = reinterpret_cast<T*>(static_cast<char*>(scratch) + weight_bytes() +
                                               task * product_bytes());
      for (int64_t i = image(task); i < image(task + 1); ++i) {
        for (int64_t r = 0; r < rows; ++r)
          multiply(c.x + i * c.xs.image + r * c.xs.row, pixels, packed,
                   products + r * pixels * width);
        collect(i, products);
      }
    });
  }
};

}  // namespace

template <class T>
bool suits_narrow(const Conv<T>& c) {
  const auto is_plain = [](const Taps& t) { return t.stride == 1 && t.step == 1; };
  const int64_t products = c.ty.count * c.tx.count * c.out;
  return is_plain(c.ty) && is_plain(c.tx) && c.out < kLanes<T> && c.in >= 8 &&
         c.in <= kBlocking.kc && products > 2 * kLanes<T> && c.xs.height * c.xs.width > 0 &&
         c.xs.height * c.xs.width <= kMostPixels;
}

template <class T>
int64_t narrow_scratch(const Conv<T>& c) {
  return Narrow<T>(c).scratch();
}
template <class T>
void narrow_conv(const Conv<T>& c, void* scratch) {
  Narrow<T>(c).run(scratch);
}

template bool suits_narrow<float>(const Conv<float>&);
template bool suits_narrow<double>(const Conv<double>&);
template int64_t narrow_scratch<float>(const Conv<float>&);
template int64_t narrow_scratch<double>(const Conv<double>&);
template void narrow_conv<float>(const Conv<float>&, void*);
template void narrow_conv<double>(const Conv<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
