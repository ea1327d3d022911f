#include "graph/hyper.h"

#include <algorithm>
#include <sstream>

namespace fastnn {

std::vector<NamedHyper> default_hyper(const Optimizer& optimizer) {
  std::vector<NamedHyper> out;
  std::istringstream specs(optimizer.hyper);
  for (std::string spec; specs >> spec;) {
    const size_t equals = spec.find('=');
    out.emplace_back(spec.substr(0, equals), std::stod(spec.substr(equals + 1)));
  }
  return out;
}

void set_hyper(const Optimizer& optimizer, const std::vector<NamedHyper>& given, double* hyper) {
  const std::vector<NamedHyper> known = default_hyper(optimizer);
  for (size_t i = 0; i < known.size(); ++i) hyper[i] = known[i].second;
  for (const NamedHyper& one : given) {
    const auto at = std::find_if(known.begin(), known.end(),
                                 [&](const NamedHyper& k) { return k.first == one.first; });
    if (at == known.end())
      fail_type(optimizer.name, "hyperparameter must be one of \"%s\", got '%s'", optimizer.hyper,
                one.first.c_str());
    hyper[at - known.begin()] = one.second;
  }
}

}  // namespace fastnn
