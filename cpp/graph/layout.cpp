#include "graph/layout.h"

#include <algorithm>

#include "dispatch/isa.h"

namespace fastnn {
namespace {

class Layout {
 public:
  Layout(const Graph& graph, const Program& given, const std::vector<int>& wanted)
      : graph_(graph), given_(given), wanted_(wanted), last_(given.n_values, kNone), same_(given.n_values),
        pending_(given.n_values, false) {
    for (size_t id = 0; id < same_.size(); ++id) same_[id] = static_cast<int>(id);
  }

  Program run() {
    for (const GraphNode& node : given_.nodes) {
      if (node.op == "channels_first")
        leave_pending(node, same_[node.in[0]]);
      else if (node.op == "channels_last")
        go_in(node);
      else if (is_movable(node))
        move(node);
      else
        keep(node);
    }
    for (const int id : wanted_) make(id);
    return {std::move(nodes_), last_.size()};
  }

 private:
  static constexpr int kNone = -1;

  // `node` makes the user's order of `last`; only done once somebody asks for it.
  void leave_pending(GraphNode node, int last) {
    const int id = node.out[0];
    last_[id] = last;
    node.in = {last};
    pending_[id] = true;
    conversions_.resize(last_.size());
    conversions_[id] = std::move(node);
  }

  void make(int id) {
    if (!pending_[id]) return;
    pending_[id] = false;
    nodes_.push_back(conversions_[id]);
  }

  bool is_wanted(int id) const {
    return std::find(wanted_.begin(), wanted_.end(), id) != wanted_.end();
  }

  void go_in(const GraphNode& node) {
    const int x = node.in[0], y = node.out[0];
    if (last_[x] == kNone || is_wanted(y)) {
      keep(node);
      last_[x] = y;  // for the next who asks
    } else {
      same_[y] = last_[x];
    }
  }

  // On operands that all stand channels-last already: element by element, whose order is no matter,
  // or along axes that can be named anew.
  bool is_movable(const GraphNode& node) const {
    const bool is_free = find_op(node.op.c_str(), table()).elementwise || node.op == "pad" ||
                         node.op == "concatenate";
    return is_free && node.out.size() == 1 &&
           std::all_of(node.in.begin(), node.in.end(),
                       [&](int id) { return last_[id] != kNone; });
  }

  // The axes that a node's attributes name, of (N, C, ...), in (N, ..., C).
  void rename_axes(GraphNode& node) const {
    const int rank = graph_.values()[node.in[0]].shape.rank;
    for (NamedAttr& attr : node.attrs) {
      if (node.op == "concatenate" && attr.name == "axis") {
        int64_t& axis = attr.ints.at(0);
        if (axis < 0) axis += rank;
        if (axis > 0) axis = axis == 1 ? rank - 1 : axis - 1;
      }
      if (node.op == "pad" && attr.name == "pad") {  // pairs from the last axis on
        attr.ints.resize(2 * rank, 0);
        const auto channels = attr.ints.begin() + 2 * (rank - 2);
        std::rotate(attr.ints.begin(), channels, channels + 2);
      }
    }
  }

  void move(GraphNode node) {
    GraphNode back;
    back.op = "channels_first";
    back.where = node.where;
    back.out = node.out;
    rename_axes(node);
    for (int& id : node.in) id = last_[id];
    const int made = static_cast<int>(last_.size());
    node.out = {made};
    last_.push_back(kNone);
    same_.push_back(made);
    pending_.push_back(false);
    nodes_.push_back(std::move(node));
    leave_pending(std::move(back), made);
  }

  void keep(GraphNode node) {
    for (int& id : node.in) {
      make(id);
      id = same_[id];
    }
    nodes_.push_back(std::move(node));
  }

  const Graph& graph_;
  const Program& given_;
  const std::vector<int>& wanted_;
  std::vector<int> last_;      // by value: its channels-last form
  std::vector<int> same_;      // by value: the one that stands for it
  std::vector<bool> pending_;  // by value: its conversion has not been needed yet
  std::vector<GraphNode> conversions_;
  std::vector<GraphNode> nodes_;
};

}  // namespace

Program channels_last(const Graph& graph, const Program& given, const std::vector<int>& wanted) {
  return Layout(graph, given, wanted).run();
}

}  // namespace fastnn
