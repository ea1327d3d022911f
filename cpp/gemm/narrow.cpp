#include "gemm/narrow.h"

#include "base/parallel.h"
#include "gemm/cut.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kTasks = 32;
constexpr int64_t kMostPixels = 32 * 32;
constexpr int64_t kMostChannels = 256;  // whose weights stay in L1
constexpr double kTapFmas = 2;          // what adding up a product takes

template <class T>
struct Narrow {
  const Conv<T>& c;
  int64_t products;  // of an input pixel by a row of the kernel: taps by filters
  int64_t panels;    // of them
  int64_t pitch;     // where those of the next pixel begin
  int64_t reach;     // inputs that a row of outputs reads
  int64_t tasks;
  double cost;

  explicit Narrow(const Conv<T>& conv) : c(conv) {
    products = c.tx.count * c.out;
    panels = up(products, kPanel<T>);
    pitch = panels * kPanel<T>;
    reach = c.ys.width + c.tx.count - 1;
    tasks = least(c.images, kTasks);
    cost = double(c.images) * fmas() / kBlocking.fma_per_ns;
  }

  // Vector FMAs of an image.
  double fmas() const {
    const double rows = double(c.xs.height) * c.ty.count;
    return rows * c.xs.width * c.in * up(products, kLanes<T>) +
           double(c.ys.height) * c.ys.width * c.tx.count * up(c.out, kLanes<T>) * kTapFmas;
  }

  // A panel, the rows of the kernel one after the other in it.
  int64_t panel() const { return c.ty.count * c.in * kPanel<T>; }
  int64_t weight_bytes() const { return align64(panels * panel() * sizeof(T)); }
  int64_t row_bytes() const { return align64((reach * pitch + kLanes<T>)*sizeof(T)); }
  int64_t scratch() const { return weight_bytes() + tasks * row_bytes(); }

  void pack(T* packed) const {
    __builtin_memset(packed, 0, weight_bytes());
    for (int64_t y = 0; y < c.ty.count; ++y)
      for (int64_t at = 0; at < products; ++at) {
        const int64_t x = at / c.out, k = at % c.out;
        const T* w = c.w + k * c.w_out + (c.ty.first + y * c.ty.kernel_step) * c.w_y +
                     (c.tx.first + x * c.tx.kernel_step) * c.w_x;
        T* to = packed + at / kPanel<T> * panel() + y * c.in * kPanel<T> + at % kPanel<T>;
        for (int64_t i = 0; i < c.in; ++i) to[i * kPanel<T>] = w[i * c.w_in];
      }
  }

  // The products of a row of outputs, added up over channels and the kernel's rows that fall on the
  // image. Inputs beside the image have zeros in `sums` already.
  void multiply(const T* x, int64_t oy, const T* packed, T* sums) const {
    const int64_t top = oy + c.ty.offset, u0 = most(-top, 0);
    const int64_t rows = most(least(c.xs.height - top, c.ty.count) - u0, 0);
    const int64_t x0 = most(c.tx.offset, 0), x1 = least(c.xs.width, c.tx.offset + reach);
    if (x0 >= x1) return;
    Stretch<T> stretches[kMostRows];
    TileArgs<T> t{};
    t.k = rows * c.in;
    t.stretches = stretches;
    t.n_stretches = rows;
    t.a_row = c.xs.pixel;
    t.a_col = 1;
    t.ldc = pitch;
    t.plain = true;
    for (int64_t j = 0; j < panels; ++j) {
      for (int64_t u = 0; u < rows; ++u)
        stretches[u] = {c.in, u * c.xs.row, packed + j * panel() + (u0 + u) * c.in * kPanel<T>,
                        kPanel<T>};
      const int64_t vectors = least(up(products - j * kPanel<T>, kLanes<T>), kBlocking.nr);
      const int64_t tiles = up(x1 - x0, tall_mr<T>(static_cast<int>(vectors)));
      const Cut pixel(x1 - x0, tiles);
      t.cols = vectors * kLanes<T>;
      for (int64_t tile = 0; tile < tiles; tile += t.count) {
        const bool longer = tile < pixel.longer;
        const int64_t width = pixel.size + longer;
        t.count = longer ? pixel.longer : tiles - tile;
        t.a = x + (top + u0) * c.xs.row + (x0 + pixel(tile)) * t.a_row;
        t.a_step = width * t.a_row;
        t.c = sums + (x0 - c.tx.offset + pixel(tile)) * pitch + j * kPanel<T>;
        t.c_step = width * pitch;
        tile_kernels<T>().at[width][vectors](t);
      }
    }
  }

  // Outputs from the sums of the taps of a row. Up to `end` a vector may spill into what is written
  // later. (Half a vector, where filters fit into it, seldom lies on two cache lines.)
  void collect(const T* sums, T* y, const T* end) const {
    constexpr int kHalf = kVectorBytes > 32 ? 32 : kVectorBytes;
    if (c.out * static_cast<int64_t>(sizeof(T)) <= kHalf)
      collect_in<kHalf>(sums, y, end);
    else
      collect_in<kVectorBytes>(sums, y, end);
  }
  template <int kBytes>
  void collect_in(const T* sums, T* y, const T* end) const {
    constexpr int64_t kCount = kBytes / sizeof(T);
    for (int64_t ox = 0; ox < c.ys.width; ++ox, y += c.ys.pixel)
      for (int64_t k = 0; k < c.out; k += kCount) {
        const T* p = sums + ox * pitch + k;
        Vector<T, kBytes> sum{};
        for (int64_t v = 0; v < c.tx.count; ++v, p += pitch + c.out)
          sum += get<Vector<T, kBytes>>(p);
        const int64_t lanes = least(c.out - k, kCount);
        T one[kCount];  // for what goes lane by lane: `sum` itself would be kept in memory
        if (c.bias) {
          put(one, sum);
          for (int64_t l = 0; l < lanes; ++l) one[l] += c.bias[k + l];
          sum = get<Vector<T, kBytes>>(one);
        }
        if (y + k + kCount <= end) {
          put(y + k, sum);
          continue;
        }
        put(one, sum);
        for (int64_t l = 0; l < lanes; ++l) y[k + l] = c.accumulate ? y[k + l] + one[l] : one[l];
      }
  }

  void run_image(int64_t image, const T* packed, T* sums) const {
    __builtin_memset(sums, 0, row_bytes());
    T* const y = c.y + image * c.ys.image;
    const bool dense = c.ys.pixel == c.out && c.ys.row == c.ys.width * c.out;
    const T* const end = dense && !c.accumulate ? y + c.ys.height * c.ys.row : y;
    for (int64_t oy = 0; oy < c.ys.height; ++oy) {
      T* const row = y + oy * c.ys.row;
      multiply(c.x + image * c.xs.image, oy, packed, sums);
      collect(sums, row, end);
      if (c.activation == Activation::kLinear) continue;
      for (int64_t ox = 0; ox < (dense ? 1 : c.ys.width); ++ox)
        activate(c.activation, c.alpha, row + ox * c.ys.pixel, dense ? c.ys.row : c.out);
    }
  }

  void run(void* scratch) const {
    T* const packed = static_cast<T*>(scratch);
    pack(packed);
    parallel(tasks, cost, [&](int64_t task) {
      const Cut image(c.images, tasks);
      T* const sums =
          reinterpret_cast<T*>(static_cast<char*>(scratch) + weight_bytes() + task * row_bytes());
      for (int64_t i = image(task); i < image(task + 1); ++i) run_image(i, packed, sums);
    });
  }

  static constexpr int64_t kMostRows = 64;  // of a kernel
};

}  // namespace

template <class T>
bool suits_narrow(const Conv<T>& c) {
  const auto is_plain = [](const Taps& t) { return t.stride == 1 && t.step == 1; };
  if (has_pairs<T>(c.precision)) return false;
  const int64_t taps = c.ty.count * c.tx.count, inputs = c.xs.height * c.xs.width;
  if (!is_plain(c.ty) || !is_plain(c.tx) || c.in < 8 || c.in > kMostChannels ||
      c.ty.count > Narrow<T>::kMostRows || taps * c.out <= 2 * kLanes<T> || inputs <= 0 ||
      inputs > kMostPixels)
    return false;
  if (c.out < kLanes<T>) return true;
  // With more filters where the image grows: the gradient of a kernel that stays inside.
  const double direct = double(c.ys.height) * c.ys.width * up(c.out, kLanes<T>) * taps * c.in;
  return Narrow<T>(c).fmas() * 1.25 < direct;
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
