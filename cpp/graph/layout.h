// Channels-last throughout: the second rewriting of a Plan's nodes. Each image op comes between
// conversions, channels_last before and channels_first behind it (ops/channels.h). Where one's
// result goes into another image op, or through elementwise ops, pad or concatenate into one, they
// cancel.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace fastnn {

// Nodes, and the shapes of the values they name: those of the graph and, from there on, some of
// their own.
struct Program {
  std::vector<GraphNode> nodes;
  std::vector<Shape> shapes;
};

// Computes the wanted values as the nodes of `given` do, with the same bits but for sums over an
// image, whose order changes. A value that nobody needs in the user's order is no longer made.
Program channels_last(const Graph& graph, const Program& given, const std::vector<int>& wanted);

}  // namespace fastnn
