// Attributes by name, checked against the op's list ("axis:int=-1 rate:real=0.5 shape:ints").
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ops/op.h"

namespace fastnn {

struct NamedAttr {
  std::string name;
  std::vector<int64_t> ints;  // kinds int and ints
  double real = 0;            // kind real
  bool is_real = false;       // given as a real number
};

// Fills node.attr in the op's order; unknown, missing and ill-typed names are errors.
void set_attributes(Node& node, const std::vector<NamedAttr>& given);

}  // namespace fastnn
