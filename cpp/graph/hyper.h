// Hyperparameters of an optimiser by name, checked against its list ("momentum=0 nesterov=0").
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ops/op.h"

namespace fastnn {

using NamedHyper = std::pair<std::string, double>;

// Names and defaults, in the order of Update::hyper.
std::vector<NamedHyper> default_hyper(const Optimizer& optimizer);

// Fills hyper[0..6) with the defaults and what is given; unknown names are errors.
void set_hyper(const Optimizer& optimizer, const std::vector<NamedHyper>& given, double* hyper);

}  // namespace fastnn
