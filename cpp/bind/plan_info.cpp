#include "bind/plan_info.h"

namespace fastnn {

py::dict info_of(const Plan& plan) {
  py::list steps;
  for (const auto& step : plan.steps()) steps.append(std::string(step->node.op->name));
  py::list descending;
  for (const Plan::Descending& one : plan.descending()) descending.append(one.weight);
  return py::dict(py::arg("steps") = steps, py::arg("arena_bytes") = plan.arena_bytes(),
                  py::arg("scratch_bytes") = plan.scratch_bytes(), py::arg("flops") = plan.flops(),
                  py::arg("descending") = descending);
}

}  // namespace fastnn
