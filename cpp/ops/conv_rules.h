// Checks that conv2d and conv_transpose2d share.
#pragma once
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {

// x (4 axes) and w (4 axes) of one real dtype, b too.
static void check_conv_operands(const Node& n) {
  const Arg &x = n.in[0], &w = n.in[1];
  if (!is_real(x.dtype))
    fail_type(n.where, "x must be float32 or float64, got %s", name_of(x.dtype));
  for (int i = 1; i < n.n_in; ++i)
    if (n.in[i].dtype != x.dtype)
      fail_type(n.where, "%s must be %s because x is, got %s", i == 1 ? "w" : "b", name_of(x.dtype),
                name_of(n.in[i].dtype));
  if (x.shape.rank != 4) fail(n.where, "x must have 4 axes, got shape %s", text_of(x.shape).text);
  if (w.shape.rank != 4) fail(n.where, "w must have 4 axes, got shape %s", text_of(w.shape).text);
}

// Attribute `name`: `count` integers, none below `least`.
static void check_numbers(const Node& n, const Attr& attr, const char* name, int64_t count,
                          int64_t least) {
  constexpr int64_t kLargest = 1 << 24;  // products with lengths stay exact
  if (attr.count != count)
    fail(n.where, "%s must be %d integers, got %d", name, static_cast<int>(count),
         static_cast<int>(attr.count));
  for (int i = 0; i < count; ++i)
    if (attr.ints[i] < least || attr.ints[i] > kLargest)
      fail(n.where, "%s must be between %d and %d, got %lld", name, static_cast<int>(least),
           static_cast<int>(kLargest), static_cast<long long>(attr.ints[i]));
}

}  // namespace fastnn::FASTNN_ISA
