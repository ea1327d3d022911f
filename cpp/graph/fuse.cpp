#include "graph/fuse.h"

#include <algorithm>
#include <cstring>

#include "dispatch/isa.h"

namespace fastnn {
Program needed(const Graph& graph, const std::vector<int>& wanted) {
  std::vector<bool> need(graph.values().size(), false);
  for (const int id : wanted) need[id] = true;
  std::vector<GraphNode> nodes;
  for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node) {
    if (std::none_of(node->out.begin(), node->out.end(), [&](int id) { return need[id]; }))
      continue;
    for (const int id : node->in) need[id] = true;
    nodes.push_back(*node);
  }
  std::reverse(nodes.begin(), nodes.end());
  std::vector<Shape> shapes;
  for (const Value& value : graph.values()) shapes.push_back(value.shape);
  return {std::move(nodes), std::move(shapes)};
}

namespace {

class Fusion {
 public:
  Fusion(Program given, const std::vector<int>& wanted)
      : nodes_(std::move(given.nodes)),
        shapes_(std::move(given.shapes)),
        wanted_(wanted),
        producer_(shapes_.size(), -1) {
    for (size_t i = 0; i < nodes_.size(); ++i)
      for (const int id : nodes_[i].out) producer_[id] = static_cast<int>(i);
  }

  Program run(bool inference) {
    for (size_t i = 0; i < nodes_.size(); ++i) fuse_cost(i);
    for (size_t i = 0; inference && i < nodes_.size(); ++i) fuse_norm(i);
    for (size_t i = 0; inference && i < nodes_.size(); ++i) fuse_residual(i);
    for (size_t i = 0; i < nodes_.size(); ++i) fuse_norm_and_sum(i);
    for (size_t i = 0; i < nodes_.size(); ++i) fuse_activation(i);
    std::vector<GraphNode> kept;
    for (GraphNode& node : nodes_)
      if (!node.op.empty()) kept.push_back(std::move(node));
    return {std::move(kept), std::move(shapes_)};
  }

 private:
  // Consumers of a value whose gradient would flow back into it.
  int differentiable_uses(int id) const {
    int uses = 0;
    for (const GraphNode& node : nodes_)
      if (!node.op.empty() && find_op(node.op.c_str(), table()).backward[0])
        uses += static_cast<int>(std::count(node.in.begin(), node.in.end(), id));
    return uses;
  }

  int consumers(int id) const {
    int count = 0;
    for (const GraphNode& node : nodes_)
      if (!node.op.empty())
        count += static_cast<int>(std::count(node.in.begin(), node.in.end(), id));
    return count;
  }
  int uses(int id) const {
    return static_cast<int>(std::count(wanted_.begin(), wanted_.end(), id)) + consumers(id);
  }

  // The cost moves up to where the softmax was: its target must exist by then.
  void fuse_cost(size_t i) {
    GraphNode& cost = nodes_[i];
    const bool softmax = cost.op == "cross_entropy";
    if (!softmax && cost.op != "binary_cross_entropy") return;
    const int p = cost.in[0], at = producer_[p];
    if (at < 0 || nodes_[at].op != (softmax ? "softmax" : "sigmoid")) return;
    GraphNode& activation = nodes_[at];
    if (softmax && !last_axis(activation)) return;
    if (producer_[cost.in[1]] >= at || differentiable_uses(p) != 1) return;
    activation.op = softmax ? "softmax_cross_entropy" : "sigmoid_binary_cross_entropy";
    activation.in = {activation.in[0], cost.in[1]};
    activation.out = {cost.out[0], p};
    activation.attrs = cost.attrs;
    producer_[cost.out[0]] = at;
    cost.op.clear();
  }

  static bool last_axis(const GraphNode& softmax) {
    for (const NamedAttr& attr : softmax.attrs)
      if (attr.name == "axis" && attr.ints.at(0) != -1) return false;
    return true;
  }

  static bool has_attribute(const GraphNode& node, const char* spec) {
    return std::strstr(find_op(node.op.c_str(), table()).attrs, spec) != nullptr;
  }
  static bool has_alpha(const GraphNode& node) { return has_attribute(node, "alpha:real"); }

  static bool is_given(const GraphNode& node, const char* name) {
    return std::any_of(node.attrs.begin(), node.attrs.end(),
                       [=](const NamedAttr& attr) { return attr.name == name; });
  }

  // The node that makes `z` for nobody else, and does nothing with it yet but what may come before
  // more.
  int open_producer(int z) const {
    const int at = producer_[z];
    if (at < 0 || (nodes_[at].op != "conv2d" && nodes_[at].op != "linear")) return -1;
    return uses(z) == 1 && !is_given(nodes_[at], "activation") ? at : -1;
  }

  // What node `at` computes, and more, is computed where node i was: all operands exist by then.
  void move_into(size_t at, size_t i, std::vector<int> more) {
    GraphNode moved = std::move(nodes_[at]);
    moved.in.insert(moved.in.end(), more.begin(), more.end());
    moved.out[0] = nodes_[i].out[0];
    for (const int id : moved.out) producer_[id] = static_cast<int>(i);
    nodes_[at].op.clear();
    nodes_[i] = std::move(moved);
  }

  void fuse_norm(size_t i) {
    const GraphNode& norm = nodes_[i];
    if (norm.op != "batch_norm" || uses(norm.out[1]) || uses(norm.out[2])) return;
    const int at = open_producer(norm.in[0]);
    if (at < 0 || is_given(nodes_[at], "eps")) return;
    Node node;
    node.op = &find_op("batch_norm", table());
    set_attributes(node, norm.attrs);
    nodes_[at].attrs.push_back({"eps", {}, node.attr[1].real, true});
    move_into(at, i, {norm.in.begin() + 1, norm.in.end()});
  }

  void fuse_residual(size_t i) {
    if (nodes_[i].op != "add") return;
    const std::vector<int> terms = nodes_[i].in;
    if (!(shapes_[terms[0]] == shapes_[terms[1]])) return;
    for (const int side : {0, 1}) {
      const int at = open_producer(terms[side]);
      if (at < 0 || nodes_[at].op != "conv2d") continue;
      if (is_given(nodes_[at], "residual")) continue;  // it has one
      nodes_[at].attrs.push_back({"residual", {1}, 0, false});
      return move_into(at, i, {terms[1 - side]});
    }
  }

  // A sum of two arrays of one shape, where one of them comes from a batch_norm: in training a
  // block of a residual network then passes 12 times over its outputs instead of 20.
  void fuse_norm_and_sum(size_t i) {
    if (nodes_[i].op != "add") return;
    const std::vector<int> terms = nodes_[i].in;
    if (!(shapes_[terms[0]] == shapes_[terms[1]])) return;
    for (const int side : {0, 1}) {
      const int z = terms[side], at = producer_[z];
      if (at < 0 || nodes_[at].op != "batch_norm" || nodes_[at].out[0] != z || uses(z) != 1 ||
          is_given(nodes_[at], "activation") || nodes_[at].in.size() != 5)
        continue;
      // The statistics that it also gives are made later than they were.
      if (consumers(nodes_[at].out[1]) || consumers(nodes_[at].out[2])) continue;
      return move_into(at, i, {terms[1 - side]});
    }
  }

  // Products apply any activation that they know in their epilogue, batch_norm only ReLU.
  static bool takes(const GraphNode& node, const Op& activation) {
    return !is_given(node, "activation") && activation.activation &&
           has_attribute(node, "activation:int") &&
           (has_alpha(node) || activation.activation == static_cast<int>(Activation::kRelu));
  }

  void fuse_activation(size_t i) {
    GraphNode& activation = nodes_[i];
    if (activation.op.empty() || activation.in.size() != 1) return;
    int z = activation.in[0], at = producer_[z];
    if (at < 0 || nodes_[at].out[0] != z || uses(z) != 1) return;
    // Before a reshape as well as behind it: sequences are images one pixel high.
    const int reshape = nodes_[at].op == "reshape" ? at : -1;
    if (reshape >= 0) {
      z = nodes_[at].in[0];
      at = producer_[z];
      if (at < 0 || nodes_[at].out[0] != z || uses(z) != 1) return;
    }
    GraphNode& before = nodes_[at];
    Node node;
    node.op = &find_op(activation.op.c_str(), table());
    if (!takes(before, *node.op)) return;
    set_attributes(node, activation.attrs);  // the op's one parameter, given or by default
    before.attrs.push_back({"activation", {node.op->activation}, 0, false});
    if (has_alpha(before)) before.attrs.push_back({"alpha", {}, node.attr[0].real, true});
    GraphNode& last = reshape < 0 ? before : nodes_[reshape];
    last.out[0] = activation.out[0];
    producer_[last.out[0]] = reshape < 0 ? at : reshape;
    activation.op.clear();
  }

  std::vector<GraphNode> nodes_;
  std::vector<Shape> shapes_;
  const std::vector<int>& wanted_;
  std::vector<int> producer_;
};

}  // namespace

Program fuse(const Graph& graph, const std::vector<int>& wanted, bool inference) {
  return Fusion(channels_last(graph, needed(graph, wanted), wanted), wanted).run(inference);
}

}  // namespace fastnn
