// Fusion: rewrites a list of nodes into fewer that compute the same values.
#pragma once
#include <vector>

#include "graph/graph.h"
#include "graph/layout.h"

namespace fastnn {

// The nodes that the wanted values need, in order.
Program needed(const Graph& graph, const std::vector<int>& wanted);

// The same, channels-last throughout (layout.h), with
//   linear or conv2d + activation            -> one op, the activation in the product's epilogue
//   batch_norm (+ add) (+ relu)              -> one op, where both summands have one shape
//   softmax + cross_entropy                  -> softmax_cross_entropy (exact and stable)
//   sigmoid + binary_cross_entropy           -> sigmoid_binary_cross_entropy
// and in `inference`, whose batch_norm is by running statistics and which has no reverse run,
//   conv2d or linear + batch_norm            -> one op, scaled in the product's epilogue
//   conv2d (+ batch_norm) + add              -> one op, where both summands have one shape
// Ids of the values that remain are unchanged.
Program fuse(const Graph& graph, const std::vector<int>& wanted, bool inference);

}  // namespace fastnn
