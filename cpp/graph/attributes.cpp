#include "graph/attributes.h"

#include <sstream>

namespace fastnn {

void set_attributes(Node& node, const std::vector<NamedAttr>& given) {
  std::istringstream specs(node.op->attrs);
  std::string spec;
  std::vector<bool> used(given.size(), false);
  for (int index = 0; specs >> spec; ++index) {
    const size_t colon = spec.find(':'), equals = spec.find('=');
    const std::string name = spec.substr(0, colon);
    const std::string kind =
        spec.substr(colon + 1, equals == std::string::npos ? equals : equals - colon - 1);
    Attr& attr = node.attr[index];
    bool found = false;
    for (size_t g = 0; g < given.size(); ++g) {
      if (given[g].name != name) continue;
      used[g] = found = true;
      if (kind == "real") {
        attr.real = given[g].is_real ? given[g].real : static_cast<double>(given[g].ints.at(0));
        continue;
      }
      if (given[g].is_real)
        fail_type(node.where, "%s must be an integer, got %g", name.c_str(), given[g].real);
      if (kind == "int" && given[g].ints.size() != 1)
        fail(node.where, "%s must be one integer, got %zu", name.c_str(), given[g].ints.size());
      if (given[g].ints.size() > std::size(attr.ints))
        fail(node.where, "%s must have at most %zu numbers, got %zu", name.c_str(),
             std::size(attr.ints), given[g].ints.size());
      attr.count = static_cast<int64_t>(given[g].ints.size());
      for (size_t i = 0; i < given[g].ints.size(); ++i) attr.ints[i] = given[g].ints[i];
    }
    if (found) continue;
    if (equals == std::string::npos) {
      if (kind != "ints") fail(node.where, "%s must be given, got nothing", name.c_str());
      continue;
    }
    const std::string value = spec.substr(equals + 1);
    attr.real = std::stod(value);
    attr.ints[0] = static_cast<int64_t>(attr.real);
    attr.count = 1;
  }
  for (size_t g = 0; g < given.size(); ++g)
    if (!used[g])
      fail_type(node.where, "attribute must be one of \"%s\", got '%s'", node.op->attrs,
                given[g].name.c_str());
}

}  // namespace fastnn
