#include "graph/step.h"

namespace fastnn {

Step::Step(const Op& op, std::string where, std::vector<Arg> in,
           const std::vector<NamedAttr>& attrs, bool training, Precision precision)
    : where_(std::move(where)), in_(std::move(in)), out_(kMaxOut) {
  node.op = &op;
  node.where = where_.c_str();
  node.training = training;
  node.precision = precision;
  node.n_in = static_cast<int>(in_.size());
  node.in = in_.data();
  node.out = out_.data();
  set_attributes(node, attrs);
}

void Step::infer() {
  const auto [least, most] = node.op->operands;
  if (node.n_in < least || node.n_in > most)
    fail(node.where, "operands of %s must be %d%s, got %d", node.op->name, least,
         most == least ? "" : (" to " + std::to_string(most)).c_str(), node.n_in);
  node.op->infer(node);
  for (int i = 0; i < node.n_out; ++i) check_size(node.out[i].shape);
  for (int i = 0; i < node.n_saved; ++i) check_size(node.saved[i].shape);
}

void Step::check_size(const Shape& shape) const {
  double count = 1;
  for (int axis = 0; axis < shape.rank; ++axis)
    if (shape[axis] != kBatch) count *= static_cast<double>(shape[axis]);
  if (count >= static_cast<double>(kMostElements))
    fail(node.where, "sizes must make an array of less than 2**47 elements, got shape %s",
         text_of(shape).text);
}

int Step::real_index() const {
  for (int i = 0; i < node.n_out; ++i)
    if (node.out[i].dtype == DType::kFloat64) return 1;
  for (int i = 0; i < node.n_in; ++i)
    if (node.in[i].dtype == DType::kFloat64) return 1;
  return 0;
}

}  // namespace fastnn
