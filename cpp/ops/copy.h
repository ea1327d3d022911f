// Copies of rows between arrays: what reshape, concatenate and stack are made of.
#pragma once
#include "ops/op.h"
#include "ops/store.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kCopyGrain = 1 << 16;  // bytes per task

// `rows` rows of `bytes` bytes, their begins to_step and from_step bytes apart.
static inline void copy_rows(void* to, int64_t to_step, const void* from, int64_t from_step,
                             int64_t rows, int64_t bytes) {
  if (rows == 0 || bytes == 0) return;
  const int64_t pieces = (bytes + kCopyGrain - 1) / kCopyGrain;
  parallel_chunks(rows * pieces, kCopyGrain / bytes + 1, rows * bytes * 0.06,
                  [=](int64_t begin, int64_t end) {
                    for (int64_t t = begin; t < end; ++t) {
                      const int64_t row = t / pieces, at = t % pieces * kCopyGrain;
                      __builtin_memcpy(static_cast<char*>(to) + row * to_step + at,
                                       static_cast<const char*>(from) + row * from_step + at,
                                       bytes - at < kCopyGrain ? bytes - at : kCopyGrain);
                    }
                  });
}

// The same for gradients, in elements: to (+)= from.
template <class T>
static void store_rows(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t rows,
                       int64_t n, bool accumulate) {
  if (!accumulate)
    return copy_rows(to, to_step * sizeof(T), from, from_step * sizeof(T), rows, n * sizeof(T));
  if (rows == 0 || n == 0) return;
  const int64_t grain = kCopyGrain / sizeof(T), pieces = (n + grain - 1) / grain;
  parallel_chunks(rows * pieces, grain / n + 1, rows * n * 0.25, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t row = t / pieces, at = t % pieces * grain;
      const T* v = from + row * from_step + at;
      store_grad(to + row * to_step + at, n - at < grain ? n - at : grain, true,
                 [=](int64_t i) { return v[i]; });
    }
  });
}

// out[0] is in[0] under another shape: nothing to do where they share memory.
template <class T>
static void view_backward(const Node& n) {
  const T* dy = grad<T>(n.out[0]);
  T* dx = grad<T>(n.in[0]);
  const int64_t count = elements(n.in[0].shape);
  if (dx && dx != dy) store_rows(dx, count, dy, count, 1, count, n.in[0].accumulate);
}

static inline void view_forward(const Node& n) {
  const int64_t bytes = elements(n.in[0].shape) * size_of(n.in[0].dtype);
  if (n.out[0].data != n.in[0].data) copy_rows(n.out[0].data, bytes, n.in[0].data, bytes, 1, bytes);
}

}  // namespace fastnn::FASTNN_ISA
