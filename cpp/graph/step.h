// One node with the memory its operands live in: what a Plan runs, and what a call on arrays is.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "ops/op.h"

namespace fastnn {

struct Step {
  Step(const Op& op, std::string where, std::vector<Arg> in, const std::vector<NamedAttr>& attrs,
       bool training, Precision precision = Precision::kFull);
  Step(const Step&) = delete;  // node points into itself
  Step& operator=(const Step&) = delete;

  void infer();  // checks everything
  void forward() const { node.op->forward[real_index()](node); }
  void backward() const { node.op->backward[real_index()](node); }
  bool has_backward() const { return node.op->backward[0] != nullptr; }
  const Descent* descent() const {  // null: it has none
    return node.op->descent[0].run ? &node.op->descent[real_index()] : nullptr;
  }

  Node node;

 private:
  // Kernels come in float32 and float64; ops on integers alone use the first.
  int real_index() const;
  void check_size(const Shape& shape) const;

  std::string where_;
  std::vector<Arg> in_, out_;
};

}  // namespace fastnn
