#include "graph/layout.h"

#include <algorithm>

#include "dispatch/isa.h"

namespace fastnn {
namespace {

class Layout {
 public:
  Layout(const Program& given, const std::vector<int>& wanted)
      : given_(given), wanted_(wanted), last_(given.n_values, kNone), same_(given.n_values),
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

  // Element by element, on operands that all stand channels-last already: their order is no matter.
  bool is_movable(const GraphNode& node) const {
    return find_op(node.op.c_str(), table()).elementwise && node.out.size() == 1 &&
           std::all_of(node.in.begin(), node.in.end(),
                       [&](int id) { return last_[id] != kNone; });
  }

  void move(GraphNode node) {
    GraphNode back;
    back.op = "channels_first";
    back.where = node.where;
    back.out = node.out;
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

  const Program& given_;
  const std::vector<int>& wanted_;
  std::vector<int> last_;      // by value: its channels-last form
  std::vector<int> same_;      // by value: the one that stands for it
  std::vector<bool> pending_;  // by value: its conversion has not been needed yet
  std::vector<GraphNode> conversions_;
  std::vector<GraphNode> nodes_;
};

}  // namespace

Program channels_last(const Program& given, const std::vector<int>& wanted) {
  return Layout(given, wanted).run();
}

}  // namespace fastnn
