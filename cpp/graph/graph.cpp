#include "graph/graph.h"

#include "dispatch/isa.h"
#include "graph/step.h"

namespace fastnn {

int Graph::leaf(Leaf kind, const Shape& shape, DType dtype) {
  Value v;
  v.shape = shape;
  v.dtype = dtype;
  v.leaf = kind;
  values_.push_back(v);
  return static_cast<int>(values_.size()) - 1;
}

int Graph::input(const Shape& shape, DType dtype) {
  inputs_.push_back(leaf(Leaf::kInput, shape, dtype));
  return inputs_.back();
}

int Graph::parameter(const Shape& shape, bool trainable, bool weight) {
  const int id = leaf(Leaf::kParameter, shape, real_);
  values_[id].offset = parameter_elements_;
  values_[id].trainable = trainable;
  values_[id].weight = weight;
  parameter_elements_ += elements(shape);
  return id;
}

int Graph::state(const Shape& shape) {
  const int id = leaf(Leaf::kState, shape, real_);
  values_[id].offset = state_elements_;
  state_elements_ += elements(shape);
  return id;
}

int Graph::constant(const Shape& shape, DType dtype, const void* data) {
  const int id = leaf(Leaf::kConstant, shape, dtype);
  const char* bytes = static_cast<const char*>(data);
  values_[id].constant.assign(bytes, bytes + elements(shape) * size_of(dtype));
  return id;
}

const Value& Graph::value(int id) const {
  if (id < 0 || id >= static_cast<int>(values_.size()))
    fail("Graph", "value must be an id in [0, %zu), got %d", values_.size(), id);
  return values_[id];
}

std::vector<int> Graph::add(const std::string& op, const std::string& where,
                            const std::vector<int>& in, const std::vector<NamedAttr>& attrs,
                            void* callback) {
  std::vector<Arg> args;
  for (const int id : in) {
    const Value& v = value(id);
    Arg arg;
    arg.shape = v.shape;
    arg.dtype = v.dtype;
    args.push_back(arg);
  }
  Step step(find_op(op.c_str(), table()), where, std::move(args), attrs, true);
  step.infer();
  GraphNode node{op, where, in, {}, attrs, static_cast<uint32_t>(nodes_.size()), callback};
  for (int i = 0; i < step.node.n_out; ++i)
    node.out.push_back(leaf(Leaf::kNone, step.node.out[i].shape, step.node.out[i].dtype));
  nodes_.push_back(node);
  return node.out;
}

void Graph::update(int state, int id) {
  const Value& s = value(state);
  const Value& v = value(id);
  if (s.leaf != Leaf::kState) fail("Graph", "update must name a state, got another value");
  if (!(s.shape == v.shape) || s.dtype != v.dtype)
    fail("Graph", "update must have shape %s as its state has, got %s", text_of(s.shape).text,
         text_of(v.shape).text);
  updates_.emplace_back(state, id);
}

}  // namespace fastnn
