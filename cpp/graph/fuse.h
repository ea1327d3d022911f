// Fusion: rewrites a list of nodes into fewer that compute the same values.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace fastnn {

// The nodes that the wanted values need, in order.
std::vector<GraphNode> needed(const Graph& graph, const std::vector<int>& wanted);

// The same with
//   linear + activation                      -> linear with the activation in its epilogue
//   softmax + cross_entropy                  -> softmax_cross_entropy (exact and stable)
//   sigmoid + binary_cross_entropy           -> sigmoid_binary_cross_entropy
// Ids of the values that remain are unchanged.
std::vector<GraphNode> fuse(const Graph& graph, const std::vector<int>& wanted);

}  // namespace fastnn
