// The order of axes that users see, (N, C, H, W), and the one that image kernels compute in,
// (N, H, W, C): a pixel's channels side by side, so that vectors run along them whatever the width
// of the image. channels_last and channels_first stand around every image op; a Plan cancels them
// in pairs (graph/layout.h).
#pragma once
#include "ops/copy.h"
#include "ops/permute.h"

namespace fastnn::FASTNN_ISA {

// The shape of a channels-last array as users see it, for errors.
static inline Shape image_shape(const Shape& x) {
  Shape y = x;
  for (int i = 2; i < x.rank; ++i) y.dims[i] = x[i - 1];
  if (x.rank > 1) y.dims[1] = x[x.rank - 1];
  return y;
}

// With one channel, or one pixel, both orders are the same elements in the same order: a view.
template <bool kLast>
struct Channels {
  static constexpr const char* attrs = "";

  static void check(const Node& n) {
    const Shape& x = n.in[0].shape;
    if (x.rank < 2)
      fail(n.where, "x must have a batch axis and channels, (N, C, ...), got shape %s",
           text_of(x).text);
  }

  static void order(const Node& n, int* order) {
    const int rank = n.in[0].shape.rank;
    for (int i = 1; i < rank; ++i) order[i] = kLast ? i + 1 : i - 1;
    order[kLast ? rank - 1 : 1] = kLast ? 1 : rank - 1;
    order[0] = 0;
  }

  [[gnu::cold]] static void infer(Node& n) {
    Permutation<Channels>::infer(n);
    const Shape& x = n.in[0].shape;
    const int channels = kLast ? 1 : x.rank - 1;
    n.is_view = x[channels] == 1 || elements(x, 1) == x[channels];
  }

  template <class T>
  static void forward(const Node& n) {
    n.is_view ? view_forward(n) : Permutation<Channels>::template forward<T>(n);
  }

  template <class T>
  static void backward(const Node& n) {
    n.is_view ? view_backward<T>(n) : Permutation<Channels>::template backward<T>(n);
  }
};

}  // namespace fastnn::FASTNN_ISA
