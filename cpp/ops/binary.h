// Elementwise ops of two inputs with broadcasting: y = f(a, b). Gradients of a repeated input are
// summed over the axes it was repeated along. F has value(a, b), da(dy, a, b, y), db(dy, a, b, y)
// and kReads: which of a (1), b (2), y (4) its gradients read.
#pragma once
#include "ops/broadcast.h"
#include "ops/reduce.h"

namespace fastnn::FASTNN_ISA {

template <class F>
struct Binary {
  static constexpr const char* attrs = "";
  static constexpr Operands kOperands{2, 2};
  static constexpr bool kElementwise = true;  // of operands of one shape

  // Gradient terms of input kInput, for the elementwise loop and for the reduction.
  template <class T, int kInput>
  struct Terms {
    static constexpr int kReads = F::kReads[kInput];
    const Node& n;
    const Broadcast& b;  // of the operands that are read

    // use(at, m, dy, a, b, y) on stretches of at most kRun elements. What is not read is dy,
    // dropped by the compiler.
    template <class Use>
    void visit(int64_t begin, int64_t end, bool tiled, const Use& use) const {
      alignas(64) T spelled[2][kRun + kTile];
      const T *y = data<T>(n.out[0]), *dy = grad<T>(n.out[0]);
      const T* const x[2] = {data<T>(n.in[0]), data<T>(n.in[1])};
      const int last = b.rank - 1;
      if (tiled) {
        for (int o = 0; o < 2; ++o)
          if ((kReads >> o & 1) && !b.strides[o][0]) fill_tile(x[o], b.dims[1], spelled[o]);
        for (int64_t at = begin; at < end; at += kRun) {
          const T* v[2] = {dy, dy};
          for (int o = 0; o < 2; ++o)
            if (kReads >> o & 1) v[o] = b.strides[o][0] ? x[o] + at : spelled[o] + at % b.dims[1];
          use(at, end - at < kRun ? end - at : kRun, dy + at, v[0], v[1], kReads & 4 ? y + at : dy);
        }
        return;
      }
      for_runs(b, begin, end, [&](int64_t at, int64_t count, const int64_t* offset) {
        const T* v[2] = {dy, dy};
        for (int o = 0; o < 2; ++o)
          if (kReads >> o & 1)
            v[o] = spell_out(x[o] + offset[o], b.strides[o][last], count < kRun ? count : kRun,
                             spelled[o]);
        for (int64_t i = 0; i < count; i += kRun) {
          const int64_t m = count - i < kRun ? count - i : kRun;
          use(at + i, m, dy + at + i, v[0] + (b.strides[0][last] ? i : 0),
              v[1] + (b.strides[1][last] ? i : 0), kReads & 4 ? y + at + i : dy);
        }
      });
    }

    const T* segment(int64_t begin, int64_t count, T* buffer) const {
      if (kReads == 0) return grad<T>(n.out[0]) + begin;  // times factor()
      visit(begin, begin + count, false,
            [=](int64_t at, int64_t m, const T* dy, const T* a, const T* c, const T* y) {
              store_grad(buffer + (at - begin), m, false,
                         [=](int64_t i) { return term(dy[i], a[i], c[i], y[i]); });
            });
      return buffer;
    }

    static double factor() { return kReads == 0 ? static_cast<double>(term(1, 0, 0, 0)) : 1.0; }

    static inline T term(T dy, T a, T c, T y) {
      return kInput == 0 ? F::da(dy, a, c, y) : F::db(dy, a, c, y);
    }
  };

  // `reads`: operands that count (a 1, b 2); the others are taken to lie as the output does.
  static Broadcast layout(const Node& n, int reads) {
    const Shape* operands[2];
    for (int o = 0; o < 2; ++o) operands[o] = reads >> o & 1 ? &n.in[o].shape : &n.out[0].shape;
    return broadcast_of(n.out[0].shape, operands, 2);
  }

  static bool is_repeated(const Node& n, int input) {
    return elements(n.in[input].shape) != elements(n.out[0].shape);
  }

  // The axes of the output that the input owns.
  static Reduction reduction(const Node& n, int input) {
    const Shape& out = n.out[0].shape;
    bool kept[kMaxRank];
    for (int i = 0; i < out.rank; ++i) kept[i] = aligned_dim(n.in[input].shape, out.rank, i) != 1;
    return reduction_of(out, kept);
  }

  [[gnu::cold]] static void infer(Node& n) {
    const Arg &a = n.in[0], &b = n.in[1];
    if (!is_real(a.dtype))
      fail_type(n.where, "a must be float32 or float64, got %s", name_of(a.dtype));
    if (b.dtype != a.dtype)
      fail_type(n.where, "b must be %s because a is, got %s", name_of(a.dtype), name_of(b.dtype));
    n.out[0].shape = a.shape;
    broadcast_into(n.out[0].shape, b.shape, n.where, "a and b");
    n.out[0].dtype = a.dtype;
    n.reads_in = (F::kReads[0] | F::kReads[1]) & 3;
    n.reads_out = (F::kReads[0] | F::kReads[1]) >> 2;
    n.flops = static_cast<double>(elements(n.out[0].shape));
    for (int i = 0; i < 2; ++i) {
      const int64_t bytes = reduce_scratch(reduction(n, i));
      if (is_repeated(n, i) && bytes > n.reverse_bytes) n.reverse_bytes = bytes;
    }
  }

  template <class T, int kStepA, int kStepB>
  static inline void run(const T* a, const T* b, T* y, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = F::value(a[i * kStepA], b[i * kStepB]);
  }

  template <class T>
  static void forward(const Node& n) {
    const Broadcast b = layout(n, 3);
    const T *a = data<T>(n.in[0]), *c = data<T>(n.in[1]);
    T* y = out_data<T>(n.out[0]);
    const int last = b.rank - 1;
    const bool tiled = is_tiled(b, 2);
    const auto loop = b.strides[0][last] ? (b.strides[1][last] ? run<T, 1, 1> : run<T, 1, 0>)
                                         : (b.strides[1][last] ? run<T, 0, 1> : run<T, 0, 0>);
    parallel_chunks(b.count, kBroadcastGrain, b.count * F::kCost, [&](int64_t begin, int64_t end) {
      if (tiled) {
        const bool repeats_a = !b.strides[0][0];
        alignas(64) T tile[kRun + kTile];
        fill_tile(repeats_a ? a : c, b.dims[1], tile);
        for (int64_t at = begin; at < end; at += kRun) {
          const T* row = tile + at % b.dims[1];
          loop(repeats_a ? row : a + at, repeats_a ? c + at : row, y + at,
               end - at < kRun ? end - at : kRun);
        }
        return;
      }
      for_runs(b, begin, end, [&](int64_t at, int64_t count, const int64_t* offset) {
        loop(a + offset[0], c + offset[1], y + at, count);
      });
    });
  }

  template <class T, int kInput>
  static void backward_input(const Node& n) {
    const Broadcast b = layout(n, F::kReads[kInput]);
    const Terms<T, kInput> terms{n, b};
    T* dx = grad<T>(n.in[kInput]);
    const bool accumulate = n.in[kInput].accumulate;
    if (is_repeated(n, kInput)) {
      reduce(Reducer::kSum, reduction(n, kInput), computed<T>(terms), n.scratch, b.count * F::kCost,
             store_sum(dx, accumulate, terms.factor()));
      return;
    }
    const bool tiled = is_tiled(b, 2);
    parallel_chunks(b.count, kBroadcastGrain, b.count * F::kCost, [&](int64_t begin, int64_t end) {
      terms.visit(begin, end, tiled,
                  [=](int64_t at, int64_t m, const T* dy, const T* a, const T* c, const T* y) {
                    store_grad(dx + at, m, accumulate, [=](int64_t i) {
                      return Terms<T, kInput>::term(dy[i], a[i], c[i], y[i]);
                    });
                  });
    });
  }

  template <class T>
  static void backward(const Node& n) {
    if (n.in[0].grad) backward_input<T, 0>(n);
    if (n.in[1].grad) backward_input<T, 1>(n);
  }
};

}  // namespace fastnn::FASTNN_ISA
