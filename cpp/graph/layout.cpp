#include "graph/layout.h"

#include <algorithm>
#include <map>

#include "dispatch/isa.h"

namespace fastnn {
namespace {

class Layout {
 public:
  Layout(const Graph& graph, const Program& given, const std::vector<int>& wanted)
      : graph_(graph),
        given_(given),
        wanted_(wanted),
        shapes_(given.shapes),
        last_(shapes_.size(), kNone),
        same_(shapes_.size()),
        pending_(shapes_.size(), false) {
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
    return {std::move(nodes_), std::move(shapes_)};
  }

 private:
  static constexpr int kNone = -1;

  // `node` makes the user's order of `last`; only done once somebody asks for it.
  void leave_pending(GraphNode node, int last) {
    make(last);  // it may wait itself
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

  // On operands that stand channels-last already: element by element, whose order is no matter, or
  // along axes that can be named anew. One number, or one per channel, is no hindrance.
  bool is_movable(const GraphNode& node) const {
    const bool is_elementwise = find_op(node.op.c_str(), table()).elementwise;
    if (node.out.size() != 1 || !(is_elementwise || node.op == "pad" || node.op == "concatenate"))
      return false;
    const int rank = rank_of(node.out[0]);
    const auto is_ready = [&](int id) {
      if (last_[id] != kNone) return rank_of(id) == rank;
      return is_elementwise && (is_number(id, rank) || is_per_channel(id, rank));
    };
    return std::all_of(node.in.begin(), node.in.end(), is_ready) &&
           std::any_of(node.in.begin(), node.in.end(), [&](int id) { return last_[id] != kNone; });
  }

  int rank_of(int id) const { return graph_.values()[id].shape.rank; }
  bool is_number(int id, int rank) const {
    const Shape& s = graph_.values()[id].shape;
    return elements(s) == 1 && s.rank <= rank && (s.rank == 0 || s[0] != kBatch);
  }
  // (C, 1, 1) or (1, C, 1, 1) beside (N, C, H, W)
  bool is_per_channel(int id, int rank) const {
    const Shape& s = graph_.values()[id].shape;
    const int axis = s.rank - rank + 1;              // of the channels
    if (s.rank > 0 && s[0] == kBatch) return false;  // one per sample and channel
    return axis >= 0 && elements(s) == s[axis];
  }

  // What stands for an operand beside channels-last ones.
  int operand(int id, const std::string& where) {
    if (last_[id] != kNone) return last_[id];
    make(id);
    if (elements(graph_.values()[id].shape) == 1) return same_[id];
    if (const auto known = channels_.find(id); known != channels_.end()) return known->second;
    GraphNode view;  // (C,)
    view.op = "reshape";
    view.where = where;
    view.in = {id};
    view.attrs = {{"shape", {elements(graph_.values()[id].shape)}, 0, false}};
    view.out = {add_value(Shape{1, {elements(graph_.values()[id].shape)}})};
    nodes_.push_back(view);
    return channels_[id] = view.out[0];
  }

  int add_value(const Shape& shape) {
    shapes_.push_back(shape);
    const int id = static_cast<int>(last_.size());
    last_.push_back(kNone);
    same_.push_back(id);
    pending_.push_back(false);
    return id;
  }

  // The axes that a node's attributes name, of (N, C, ...), in (N, ..., C).
  void rename_axes(GraphNode& node) const {
    const int rank = rank_of(node.in[0]);
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
    for (int& id : node.in) id = operand(id, node.where);
    Shape shape = shapes_[back.out[0]];
    std::rotate(shape.dims + 1, shape.dims + 2, shape.dims + shape.rank);
    const int made = add_value(shape);
    node.out = {made};
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
  std::vector<Shape> shapes_;    // by value
  std::vector<int> last_;        // by value: its channels-last form
  std::vector<int> same_;        // by value: the one that stands for it
  std::vector<bool> pending_;    // by value: its conversion has not been needed yet
  std::map<int, int> channels_;  // values of one number per channel, as (C,)
  std::vector<GraphNode> conversions_;
  std::vector<GraphNode> nodes_;
};

}  // namespace

Program channels_last(const Graph& graph, const Program& given, const std::vector<int>& wanted) {
  return Layout(graph, given, wanted).run();
}

}  // namespace fastnn
