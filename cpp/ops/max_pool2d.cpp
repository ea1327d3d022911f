// Largest of each window:  y[n, i, j, c] = max over taps of x[n, i s + k, j s + l, c]
// Backward: dy goes to the first tap that holds the maximum. In training the number of that tap is
// kept, in a byte where there are at most 256 (as fast as 2x2 windows get: half of the traffic of
// looking for it again); elsewhere it is looked for when a gradient is asked for.
// NaN is the largest; of several the last takes the gradient, as in PyTorch.
#include "ops/pool_backward.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int kDilation = kPoolOwn;

template <class T, class I>
constexpr bool kUnrolled = sizeof(T) == 4 && sizeof(I) == 1;

// Whether numbers of taps are bytes. float64 has words always: it is not what speed is for, and
// each variant is some KB of code.
template <class T>
bool has_bytes(const Pool& p) {
  return sizeof(T) == 4 && p.h.kernel * p.w.kernel <= 256;
}

// What a byte of float64 would be: no code of its own.
template <class T>
struct ByteOf {
  using Type = uint8_t;
};
template <>
struct ByteOf<double> {
  using Type = int32_t;
};
template <class T>
using Byte = typename ByteOf<T>::Type;

// Numbers of taps as bytes or words, and in the lanes of a mask.
template <class I, class L>
inline void put_index(I* to, typename L::M index) {
  if constexpr (L::kCount == 1) {
    *to = static_cast<I>(index);
#if !defined(__AVX512F__) && \
    !defined(__clang__)  // which narrow by themselves; for others GCC 12 takes lane by lane
  } else if constexpr (sizeof(I) == 1) {
    typedef uint8_t Bytes __attribute__((vector_size(kVectorBytes)));
    Bytes low{};
    for (int j = 0; j < L::kCount; ++j) low[j] = j * (kVectorBytes / L::kCount);
    const Bytes bytes = shuffle(reinterpret_cast<Bytes>(index), low);
    __builtin_memcpy(to, &bytes, L::kCount);
#endif
  } else {
    typedef I Narrow __attribute__((vector_size(L::kCount * sizeof(I))));
    put(to, __builtin_convertvector(index, Narrow));
  }
}
template <class I, class L>
inline typename L::M get_index(const I* from) {
  if constexpr (L::kCount == 1) {
    return *from;
  } else {
    typedef I Narrow __attribute__((vector_size(L::kCount * sizeof(I))));
    return __builtin_convertvector(get<Narrow>(from), typename L::M);
  }
}

// `count` windows of kH x kW, or one of any size, which `h` and `w` tell, where these are 0.
template <class T, class I, bool kIndex, int kH, int kW>
inline void largest_of(const Pool& p, const Span& h, const Span& w, int64_t count, const T* x, T* y,
                       I* index, bool roomy) {
  const int64_t row_step = p.h.dilation * p.w.length * p.C, step = p.w.dilation * p.C;
  const int64_t height = kH ? kH : h.count, width = kW ? kW : w.count;
  const int first = static_cast<int>(kH ? 0 : h.first * p.w.kernel + w.first);
  const int kernel = static_cast<int>(kW ? kW : p.w.kernel);
  each_channels<T>(p.C, true, roomy, [=](auto lanes, int64_t c) {
    using L = decltype(lanes);
    using V = typename L::V;
    using M = typename L::M;
    for (int64_t k = 0; k < count; ++k) {
      const T* from = x + k * p.w.stride * p.C + c;
      const int64_t to = k * p.C + c;
      V best = get<V>(from);
      M at = M{} + first;
#pragma GCC unroll 3
      for (int64_t i = 0; i < height; ++i)
#pragma GCC unroll 3
        for (int64_t j = 0; j < width; ++j) {
          if (i == 0 && j == 0) continue;
          const V next = get<V>(from + i * row_step + j * step);
          const auto larger = (next > best) | (next != next);
          best = larger ? next : best;
          if (kIndex) at = larger ? M{} + static_cast<int>(first + i * kernel + j) : at;
        }
      put(y + to, best);
      if (kIndex) put_index<I, L>(index + to, at);
    }
  });
}

template <class T, class I, bool kIndex>
void run_forward(const Node& n, T* y, I* index) {
  const Pool p = pool_of(n, kDilation);
  const T* x = data<T>(n.in[0]);
  each_output_row(p, 0.1, [=](int64_t begin, int64_t end) {
    each_window<kLanes<T>>(
        p, begin, end, [=](const Windows& v, const Span& h, const Span& w, bool roomy) {
          const auto run = [&]<int kH, int kW>() {
            const int64_t count = kH ? v.count : 1;
            for (int64_t k = 0; k < v.count; k += count) {
              const int64_t to = v.to + k * p.C;
              largest_of<T, I, kIndex, kH, kW>(p, h, w, count, x + v.from + k * v.next, y + to,
                                               kIndex ? index + to : index, roomy);
            }
          };
          if (h.count * w.count > 0)
            with_size<kUnrolled<T, I>>(p, h, w, run);
          else  // the windows have no tap inside
            for (int64_t i = v.to; i < v.to + v.count * p.C; ++i) {
              y[i] = -static_cast<T>(__builtin_inff());
              if (kIndex) index[i] = 0;
            }
        });
  });
}

template <class T, class I>
void run_backward(const Node& n, const I* index) {
  const T* dy = grad<T>(n.out[0]);
  const auto share = [=](auto lanes, int64_t at, const auto& keep, int64_t) {
    using L = decltype(lanes);
    using V = typename L::V;
    const V g = keep(get<V>(dy + at));
    const auto largest = get_index<I, L>(index + at);
    return [=](int tap, int64_t) { return largest == tap ? g : V{}; };
  };
  scatter_windows<kUnrolled<T, I>>(pool_of(n, kDilation), 0.08, grad<T>(n.in[0]),
                                   n.in[0].accumulate, [=](int64_t, int64_t) { return share; });
}

struct MaxPool2d {
  static constexpr const char* attrs = FASTNN_POOL_ATTRS "dilation:ints";

  [[gnu::cold]] static void infer(Node& n) {
    infer_pool(n, kDilation);
    const Pool p = pool_of(n, kDilation);
    if (p.h.kernel * p.w.kernel > INT32_MAX)
      fail(n.where, "kernel_size must be at most %d pixels, got %lld", INT32_MAX,
           static_cast<long long>(p.h.kernel * p.w.kernel));
    const int64_t count = elements(n.out[0].shape), value = size_of(n.in[0].dtype);
    const int64_t size = (value == 4 ? has_bytes<float>(p) : has_bytes<double>(p)) ? 1 : 4;
    n.reads_in = n.training ? 0u : 1u;
    n.reads_out = 0u;
    n.n_saved = n.training ? 1 : 0;
    n.saved[0].shape = n.out[0].shape;
    n.saved[0].dtype = DType::kUint8;
    if (size > 1) n.saved[0].shape.dims[n.saved[0].shape.rank++] = size;
    n.reverse_bytes = n.training ? 0 : count * (value + size);
  }

  template <class T>
  static void forward(const Node& n) {
    T* y = out_data<T>(n.out[0]);
    void* const index = n.saved[0].data;
    if (!n.training)
      run_forward<T, uint8_t, false>(n, y, nullptr);
    else if (has_bytes<T>(pool_of(n, kDilation)))
      run_forward<T, Byte<T>, true>(n, y, static_cast<Byte<T>*>(index));
    else
      run_forward<T, int32_t, true>(n, y, static_cast<int32_t*>(index));
  }

  template <class T, class I>
  static void backward_as(const Node& n) {
    T* const values = static_cast<T*>(n.scratch);
    I* index = static_cast<I*>(n.saved[0].data);
    if (!n.training) {
      index = reinterpret_cast<I*>(values + elements(n.out[0].shape));
      run_forward<T, I, true>(n, values, index);
    }
    run_backward<T, I>(n, index);
  }

  template <class T>
  static void backward(const Node& n) {
    if (!n.in[0].grad) return;
    if (has_bytes<T>(pool_of(n, kDilation)))
      backward_as<T, Byte<T>>(n);
    else
      backward_as<T, int32_t>(n);
  }
};

}  // namespace
extern const Op max_pool2d;
const Op max_pool2d = op_of<MaxPool2d>("max_pool2d");
}  // namespace fastnn::FASTNN_ISA
