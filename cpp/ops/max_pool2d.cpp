// Largest of each window:  y[n, i, j, c] = max over taps of x[n, i s + k, j s + l, c]
// Backward: dy goes to the first tap that holds the maximum. In training the number of that tap is
// kept, in a byte where there are at most 256 (as fast as 2x2 windows get: half of the traffic of
// looking for it again); elsewhere it is looked for when a gradient is asked for.
// NaN is the largest; of several the last takes the gradient, as in PyTorch.
#include "ops/pool.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int kDilation = kPoolOwn;

bool has_bytes(const Pool& p) { return p.h.kernel * p.w.kernel <= 256; }

// Numbers of taps as bytes or words, and in the lanes of a mask.
template <class I, class L>
inline void put_index(I* to, typename L::M index) {
  if constexpr (L::kLanes == 1) {
    *to = static_cast<I>(index);
  } else {
    typedef I Narrow __attribute__((vector_size(L::kLanes * sizeof(I))));
    put(to, __builtin_convertvector(index, Narrow));
  }
}
template <class I, class L>
inline typename L::M get_index(const I* from) {
  if constexpr (L::kLanes == 1) {
    return *from;
  } else {
    typedef I Narrow __attribute__((vector_size(L::kLanes * sizeof(I))));
    return __builtin_convertvector(get<Narrow>(from), typename L::M);
  }
}

// Windows of kH x kW, 0: of any size, which `h` and `w` tell.
template <class T, class I, bool kValue, bool kIndex, int kH, int kW>
inline void largest_of(const Pool& p, const Span& h, const Span& w, const T* x, T* y, I* index,
                       bool roomy) {
  const int64_t row_step = p.h.dilation * p.w.length * p.C, step = p.w.dilation * p.C;
  const int64_t height = kH ? kH : h.count, width = kW ? kW : w.count;
  const int first = static_cast<int>(kH ? 0 : h.first * p.w.kernel + w.first);
  const int kernel = static_cast<int>(kW ? kW : p.w.kernel);
  each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
    using L = decltype(lanes);
    using V = typename L::V;
    using M = typename L::M;
    V best = get<V>(x + c);
    M at = M{} + first;
#pragma GCC unroll 3
    for (int64_t i = 0; i < height; ++i)
#pragma GCC unroll 3
      for (int64_t j = 0; j < width; ++j) {
        if (i == 0 && j == 0) continue;
        const V v = get<V>(x + i * row_step + j * step + c);
        const auto larger = (v > best) | (v != v);
        best = larger ? v : best;
        if (kIndex) at = larger ? M{} + static_cast<int>(first + i * kernel + j) : at;
      }
    if (kValue) put(y + c, best);
    if (kIndex) put_index<I, L>(index + c, at);
  });
}

template <class T, class I, bool kValue, bool kIndex>
void run_forward(const Node& n, T* y, I* index) {
  const Pool p = pool_of(n, kDilation);
  const T* x = data<T>(n.in[0]);
  const bool two = p.h.kernel == 2 && p.w.kernel == 2, three = p.h.kernel == 3 && p.w.kernel == 3;
  each_output_row(p, 0.06, [=](int64_t begin, int64_t end) {
    each_window<Wide<T>::kLanes>(
        p, begin, end, [=](const Span& h, const Span& w, int64_t from, int64_t to, bool roomy) {
          const auto run = [&]<int kH, int kW>() {
            largest_of<T, I, kValue, kIndex, kH, kW>(p, h, w, x + from, kValue ? y + to : y,
                                                     kIndex ? index + to : index, roomy);
          };
          if (two && h.count * w.count == 4)
            run.template operator()<2, 2>();
          else if (three && h.count * w.count == 9)
            run.template operator()<3, 3>();
          else if (h.count * w.count > 0)
            run.template operator()<0, 0>();
          else  // the window has no tap inside
            for (int64_t c = 0; c < p.C; ++c) {
              if (kValue) y[to + c] = -static_cast<T>(__builtin_inff());
              if (kIndex) index[to + c] = 0;
            }
        });
  });
}

// dx (+)= dy of those of `count` windows whose maximum the pixel is; kCount: 0, or the count.
template <class T, class I, int kCount>
inline void take(const Cover* covers, int count, int64_t C, const T* dy, const I* index, T* dx,
                 bool add, bool roomy) {
  Cover own[kCovers];
  for (int i = 0; i < (kCount ? kCount : count); ++i) own[i] = covers[i];
  each_channels<T>(C, !add, roomy, [&own, count, C, dy, index, dx, add](auto lanes, int64_t c) {
    using L = decltype(lanes);
    using V = typename L::V;
    V sum{};
#pragma GCC unroll 4
    for (int i = 0; i < (kCount ? kCount : count); ++i) {
      const int64_t at = own[i].window * C + c;
      const V g = get<V>(dy + at);
      sum += get_index<I, L>(index + at) == static_cast<int>(own[i].tap) ? g : V{};
    }
    put(dx + c, add ? get<V>(dx + c) + sum : sum);
  });
}

template <class T, class I>
void run_backward(const Node& n, const I* index) {
  const Pool p = pool_of(n, kDilation);
  const T* dy = grad<T>(n.out[0]);
  T* dx = grad<T>(n.in[0]);
  const bool accumulate = n.in[0].accumulate;
  each_input_row(p, 0.2, [=](int64_t begin, int64_t end) {
    each_pixel<Wide<T>::kLanes>(
        p, accumulate, begin, end,
        [=](const Cover* covers, int count, int64_t to, bool add, bool roomy) {
          if (count == 1)
            take<T, I, 1>(covers, count, p.C, dy, index, dx + to, add, roomy);
          else if (count == 2)
            take<T, I, 2>(covers, count, p.C, dy, index, dx + to, add, roomy);
          else if (count == 4)
            take<T, I, 4>(covers, count, p.C, dy, index, dx + to, add, roomy);
          else
            take<T, I, 0>(covers, count, p.C, dy, index, dx + to, add, roomy);
        });
  });
}

struct MaxPool2d {
  static constexpr const char* attrs = FASTNN_POOL_ATTRS "dilation:ints";

  static void infer(Node& n) {
    infer_pool(n, kDilation);
    const Pool p = pool_of(n, kDilation);
    if (p.h.kernel * p.w.kernel > INT32_MAX)
      fail(n.where, "kernel_size must be at most %d pixels, got %lld", INT32_MAX,
           static_cast<long long>(p.h.kernel * p.w.kernel));
    const int64_t size = has_bytes(p) ? 1 : 4;
    n.reads_in = n.training ? 0u : 1u;
    n.reads_out = 0u;
    n.n_saved = n.training ? 1 : 0;
    n.saved[0].shape = n.out[0].shape;
    n.saved[0].dtype = DType::kUint8;
    if (size > 1) n.saved[0].shape.dims[n.saved[0].shape.rank++] = size;
    n.scratch_bytes = n.training ? 0 : elements(n.out[0].shape) * size;
  }

  template <class T, class I>
  static void forward_as(const Node& n) {
    T* y = out_data<T>(n.out[0]);
    I* index = static_cast<I*>(n.saved[0].data);
    n.training ? run_forward<T, I, true, true>(n, y, index)
               : run_forward<T, I, true, false>(n, y, nullptr);
  }

  template <class T, class I>
  static void backward_as(const Node& n) {
    I* index = static_cast<I*>(n.training ? n.saved[0].data : n.scratch);
    if (!n.training) run_forward<T, I, false, true>(n, nullptr, index);
    run_backward<T, I>(n, index);
  }

  template <class T>
  static void forward(const Node& n) {
    has_bytes(pool_of(n, kDilation)) ? forward_as<T, uint8_t>(n) : forward_as<T, int32_t>(n);
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    has_bytes(pool_of(n, kDilation)) ? backward_as<T, uint8_t>(n) : backward_as<T, int32_t>(n);
  }
};

}  // namespace
extern const Op max_pool2d;
const Op max_pool2d = op_of<MaxPool2d>("max_pool2d");
}  // namespace fastnn::FASTNN_ISA
