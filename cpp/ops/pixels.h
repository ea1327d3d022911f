// Loops over a pixel's channels: in vectors where there are as many as lanes, and where there are
// fewer in one vector that reaches into the next pixels.
#pragma once
#include "ops/lanes.h"

namespace fastnn::FASTNN_ISA {

// A vector of numbers, or one number: kernels are written once for both. M holds a mask, or
// integers.
template <class T>
struct Wide {
  typedef typename Vector<T>::type V;
  typedef typename Vector<T>::mask M;
  static constexpr int64_t kLanes = Vector<T>::kLanes;
};
template <class T>
struct One {
  typedef T V;
  typedef typename IntegerOf<sizeof(T)>::type M;
  static constexpr int64_t kLanes = 1;
};

template <class V, class T>
static inline V get(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
static inline void put(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// f(lanes, c) on blocks of channels c, c + 1, ... that cover all C. `twice`: a channel may be
// computed twice, and where `roomy` the memory after the last one may be read and written, for what
// comes later writes it again.
template <class T, class F>
static inline void each_channels(int64_t C, bool twice, bool roomy, const F& f) {
  constexpr int64_t kLanes = Wide<T>::kLanes;
  int64_t c = 0;
  for (; c + kLanes <= C; c += kLanes) f(Wide<T>{}, c);
  if (c == C) return;
  if (twice && C >= kLanes) return f(Wide<T>{}, C - kLanes);
  if (twice && roomy && C > 1) return f(Wide<T>{}, c);
  for (; c < C; ++c) f(One<T>{}, c);
}

}  // namespace fastnn::FASTNN_ISA
