// Loops over a pixel's channels: in vectors where there are as many as lanes, and where there are
// fewer in one vector that reaches into the next pixels.
#pragma once
#include "ops/op.h"
#include "simd/lanes.h"

namespace fastnn::FASTNN_ISA {

// A vector of numbers, or one number: kernels are written once for both. M holds a mask, or
// integers.
template <class T>
struct Wide {
  typedef Vector<T> V;
  typedef Vector<Integer<T>> M;
  static constexpr int64_t kCount = kLanes<T>;
};
// Half of a large vector, for pixels that fill no more of it: a load of half a vector seldom lies
// on two cache lines.
template <class T>
struct Half {
  typedef Vector<T, kVectorBytes / 2> V;
  static constexpr int64_t kCount = kLanes<T> / 2;
};
template <class T>
struct One {
  typedef T V;
  typedef Integer<T> M;
  static constexpr int64_t kCount = 1;
};

// f(lanes, c) on blocks of channels c, c + 1, ... that cover all C. `twice`: a channel may be
// computed twice, and where `roomy` the memory after the last one may be read and written, for what
// comes later writes it again; kHalves: f takes half vectors, too.
template <class T, bool kHalves = false, class F>
static inline void each_channels(int64_t C, bool twice, bool roomy, const F& f) {
  int64_t c = 0;
  for (; c + kLanes<T> <= C; c += kLanes<T>) f(Wide<T>{}, c);
  if (c == C) return;
  if (twice && C >= kLanes<T>) return f(Wide<T>{}, C - kLanes<T>);
  if constexpr (kHalves && kVectorBytes > 32 && sizeof(T) == 4)
    if (twice && roomy && C > 1 && C <= Half<T>::kCount) return f(Half<T>{}, c);
  if (twice && roomy && C > 1) return f(Wide<T>{}, c);
  for (; c < C; ++c) f(One<T>{}, c);
}

}  // namespace fastnn::FASTNN_ISA
