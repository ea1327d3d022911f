// Elementwise ops of one input: y = f(x), dx = dy f'(x). F is a functor of simd/activation.h or
// simd/elementary.h.
#pragma once
#include "ops/op.h"
#include "simd/elementary.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kUnaryGrain = 8192;  // elements per task

// An op that a dense layer can fuse tells its Activation.
// A functor's parameter is its op's one attribute, under the functor's name for it.
template <class F>
struct Plain {};
template <class F>
  requires requires { F::kActivation; }
struct Plain<F> {
  static constexpr Activation kActivation = F::kActivation;
};

template <class F>
struct Unary : Plain<F> {
  static constexpr const char* attrs = F::attrs;
  static constexpr bool kElementwise = true;

  [[gnu::cold]] static void infer(Node& n) {
    if constexpr (requires { F::check(n); }) F::check(n);
    if (!is_real(n.in[0].dtype))
      fail_type(n.where, "x must be float32 or float64, got %s", name_of(n.in[0].dtype));
    n.out[0].shape = n.in[0].shape;
    n.out[0].dtype = n.in[0].dtype;
    n.reads_in = F::kFromOutput ? 0u : 1u;
    n.reads_out = F::kFromOutput ? 1u : 0u;
    n.flops = static_cast<double>(elements(n.in[0].shape));
  }

  template <class T>
  static void forward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T* x = data<T>(n.in[0]);
    T* y = out_data<T>(n.out[0]);
    const T alpha = static_cast<T>(n.attr[0].real);
    parallel_chunks(count, kUnaryGrain, count * F::kCost, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) y[i] = F::value(x[i], alpha);
    });
  }

  template <class T>
  static void backward(const Node& n) {
    const int64_t count = elements(n.in[0].shape);
    const T* x = data<T>(n.in[0]);
    const T* y = data<T>(n.out[0]);
    const T* dy = grad<T>(n.out[0]);
    T* dx = grad<T>(n.in[0]);
    const T alpha = static_cast<T>(n.attr[0].real);
    const bool accumulate = n.in[0].accumulate;
    parallel_chunks(count, kUnaryGrain, count * F::kCost, [=](int64_t begin, int64_t end) {
      if (accumulate) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i)
          dx[i] +=
              dy[i] * F::slope(F::kFromOutput ? T(0) : x[i], F::kFromOutput ? y[i] : T(0), alpha);
      } else {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i)
          dx[i] =
              dy[i] * F::slope(F::kFromOutput ? T(0) : x[i], F::kFromOutput ? y[i] : T(0), alpha);
      }
    });
  }
};

}  // namespace fastnn::FASTNN_ISA
