// Choice with broadcasting:  y = a where c is not 0, else b.  da = dy where c, db = dy elsewhere
// A real condition has the gradient 0.
#include "ops/broadcast.h"
#include "ops/reduce.h"

namespace fastnn::FASTNN_ISA {
namespace {

// 1 where the condition holds, spelled out for n <= kRun elements.
template <class T>
void mask_of(const Arg& cond, int64_t offset, int64_t stride, int64_t n, T* mask) {
  const auto spell = [=](const auto* c) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) mask[i] = c[i * stride] != 0 ? T(1) : T(0);
  };
  switch (cond.dtype) {
    case DType::kFloat32:
      return spell(data<float>(cond) + offset);
    case DType::kFloat64:
      return spell(data<double>(cond) + offset);
    case DType::kInt64:
      return spell(data<int64_t>(cond) + offset);
    case DType::kUint8:
      return spell(data<uint8_t>(cond) + offset);
  }
}

Broadcast layout(const Node& n) {
  const Shape* operands[] = {&n.in[0].shape, &n.in[1].shape, &n.in[2].shape};
  return broadcast_of(n.out[0].shape, operands, 3);
}

// Gradient terms of a (input 1) or b (input 2).
template <class T>
struct Terms {
  const Node& n;
  const Broadcast& b;
  bool of_a;

  const T* segment(int64_t begin, int64_t count, T* buffer) const {
    const T* dy = grad<T>(n.out[0]);
    const T want = of_a ? T(1) : T(0);
    for_runs(b, begin, begin + count, [&](int64_t at, int64_t m, const int64_t* offset) {
      alignas(64) T mask[kRun];
      mask_of(n.in[0], offset[0], b.strides[0][b.rank - 1], m, mask);
      T* to = buffer + (at - begin);
      const T* from = dy + at;
#pragma omp simd
      for (int64_t i = 0; i < m; ++i) {
        const T v = from[i];  // not in a branch: the loop would not be vectorised
        to[i] = mask[i] == want ? v : T(0);
      }
    });
    return buffer;
  }
};

Reduction reduction(const Node& n, int input) {
  const Shape& out = n.out[0].shape;
  bool kept[kMaxRank];
  for (int i = 0; i < out.rank; ++i) kept[i] = aligned_dim(n.in[input].shape, out.rank, i) != 1;
  return reduction_of(out, kept);
}

struct Where {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{3, 3};

  [[gnu::cold]] static void infer(Node& n) {
    const Arg &a = n.in[1], &b = n.in[2];
    if (!is_real(a.dtype))
      fail_type(n.where, "a must be float32 or float64, got %s", name_of(a.dtype));
    if (b.dtype != a.dtype)
      fail_type(n.where, "b must be %s because a is, got %s", name_of(a.dtype), name_of(b.dtype));
    n.out[0].shape = a.shape;
    n.out[0].dtype = a.dtype;
    broadcast_into(n.out[0].shape, b.shape, n.where, "a and b");
    broadcast_into(n.out[0].shape, n.in[0].shape, n.where, "a or b and cond");
    n.reads_in = 1u;
    n.reads_out = 0u;
    n.flops = static_cast<double>(elements(n.out[0].shape));
    for (int i = 1; i < 3; ++i) {
      const int64_t bytes = reduce_scratch(reduction(n, i));
      if (bytes > n.reverse_bytes) n.reverse_bytes = bytes;
    }
  }

  template <class T>
  static void forward(const Node& n) {
    const Broadcast b = layout(n);
    T* y = out_data<T>(n.out[0]);
    const int last = b.rank - 1;
    parallel_chunks(b.count, kBroadcastGrain, b.count * 0.5, [&](int64_t begin, int64_t end) {
      for_runs(b, begin, end, [&](int64_t at, int64_t count, const int64_t* offset) {
        alignas(64) T mask[kRun];
        const int64_t sc = b.strides[0][last], sa = b.strides[1][last], sb = b.strides[2][last];
        for (int64_t first = 0; first < count; first += kRun) {
          const int64_t m = count - first < kRun ? count - first : kRun;
          const T* p = data<T>(n.in[1]) + offset[1] + first * sa;
          const T* q = data<T>(n.in[2]) + offset[2] + first * sb;
          T* to = y + at + first;
          mask_of(n.in[0], offset[0] + first * sc, sc, m, mask);
          if (sa && sb) {
#pragma omp simd
            for (int64_t i = 0; i < m; ++i) to[i] = mask[i] != T(0) ? p[i] : q[i];
          } else {
#pragma omp simd
            for (int64_t i = 0; i < m; ++i) to[i] = mask[i] != T(0) ? p[i * sa] : q[i * sb];
          }
        }
      });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const Broadcast b = layout(n);
    if (T* dc = is_real(n.in[0].dtype) && !n.in[0].accumulate ? grad<T>(n.in[0]) : nullptr)
      __builtin_memset(dc, 0, elements(n.in[0].shape) * size_of(n.in[0].dtype));
    for (int input = 1; input < 3; ++input) {
      T* dx = grad<T>(n.in[input]);
      if (!dx) continue;
      const Terms<T> terms{n, b, input == 1};
      const bool accumulate = n.in[input].accumulate;
      if (elements(n.in[input].shape) != b.count) {
        reduce(Reducer::kSum, reduction(n, input), computed<T>(terms), n.scratch, b.count * 0.5,
               store_sum(dx, accumulate));
        continue;
      }
      parallel_chunks(b.count, kBroadcastGrain, b.count * 0.5, [&](int64_t begin, int64_t end) {
        alignas(64) T buffer[kRun];
        for (int64_t at = begin; at < end; at += kRun) {
          const int64_t m = end - at < kRun ? end - at : kRun;
          terms.segment(at, m, buffer);
          const T* from = buffer;
          store_grad(dx + at, m, accumulate, [=](int64_t i) { return from[i]; });
        }
      });
    }
  }
};

}  // namespace
extern const Op where;
const Op where = op_of<Where>("where");
}  // namespace fastnn::FASTNN_ISA
