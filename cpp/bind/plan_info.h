// What a plan is made of, for tests and measurements.
#pragma once
#include "bind/arrays.h"
#include "graph/plan.h"

namespace fastnn {

py::dict info_of(const Plan& plan);

}  // namespace fastnn
