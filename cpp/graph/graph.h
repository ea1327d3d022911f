// What is to be computed: values (tensors) and the nodes that make them. Every shape rule and every
// check runs here, once, while the graph is built; the batch size is not known yet (kBatch).
#pragma once
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "ops/table.h"

namespace fastnn {

enum class Leaf { kNone, kInput, kParameter, kState, kConstant };

struct Value {
  Shape shape;
  DType dtype = DType::kFloat32;
  Leaf leaf = Leaf::kNone;
  int64_t offset = 0;          // of a parameter or state: its first element in the flat vector
  bool trainable = false;      // a parameter that receives a gradient
  bool weight = false;         // a parameter that l1, l2, weight decay and max-norm apply to
  std::vector<char> constant;  // bytes of a constant
};

struct GraphNode {
  std::string op, where;
  std::vector<int> in, out;  // value ids
  std::vector<NamedAttr> attrs;
  uint32_t stream = 0;       // its share of chance
  void* callback = nullptr;  // of op "python"
};

class Graph {
 public:
  explicit Graph(DType real) : real_(real) {}

  int input(const Shape& shape, DType dtype);
  int parameter(const Shape& shape, bool trainable, bool weight);
  int state(const Shape& shape);
  int constant(const Shape& shape, DType dtype, const void* data);
  std::vector<int> add(const std::string& op, const std::string& where, const std::vector<int>& in,
                       const std::vector<NamedAttr>& attrs, void* callback = nullptr);
  // After each training step the state takes the value's contents.
  void update(int state, int value);

  DType real() const { return real_; }
  const std::vector<Value>& values() const { return values_; }
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<GraphNode>& nodes() const { return nodes_; }
  const std::vector<std::pair<int, int>>& updates() const { return updates_; }
  int64_t parameter_elements() const { return parameter_elements_; }
  int64_t state_elements() const { return state_elements_; }

 private:
  int leaf(Leaf kind, const Shape& shape, DType dtype);
  const Value& value(int id) const;

  DType real_;
  std::vector<Value> values_;
  std::vector<int> inputs_;
  std::vector<GraphNode> nodes_;
  std::vector<std::pair<int, int>> updates_;
  int64_t parameter_elements_ = 0, state_elements_ = 0;
};

}  // namespace fastnn
