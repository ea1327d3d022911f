// The text of a case, read.
#include <sstream>

#include "cases.h"

namespace fastnn::bench {
namespace {

Shape shape_of(std::string dims, int64_t n) {
  Shape shape;
  if (dims == "()") return shape;
  for (char& c : dims)
    if (c == 'x') c = ' ';
  std::istringstream words(dims);
  for (std::string word; words >> word;)
    shape.dims[shape.rank++] = word == "N" ? n : std::stoll(word);
  return shape;
}

}  // namespace

std::vector<NamedAttr> attrs_of(const std::string& text) {
  std::vector<NamedAttr> attrs;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    NamedAttr attr{word.substr(0, equals), {}, 0, word.find('.') != std::string::npos};
    std::istringstream values(word.substr(equals + 1));
    for (std::string value; std::getline(values, value, ',');) {
      if (attr.is_real)
        attr.real = std::stod(value);
      else
        attr.ints.push_back(std::stoll(value));
    }
    attrs.push_back(attr);
  }
  return attrs;
}

std::vector<Operand> operands_of(const std::string& text, int64_t n) {
  std::vector<Operand> operands;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t colon = word.find(':');
    const std::string kind = colon == std::string::npos ? "n" : word.substr(0, colon);
    Operand operand;
    operand.shape = shape_of(word.substr(colon == std::string::npos ? 0 : colon + 1), n);
    operand.kind = kind[0];
    if (kind[0] == 'i' || kind[0] == 'u') {
      operand.dtype = kind[0] == 'i' ? DType::kInt64 : DType::kUint8;
      operand.number = std::stod(kind.substr(1));
    } else if (kind != "n" && kind != "p" && kind != "t") {
      operand.kind = 'c';
      operand.number = std::stod(kind);
    }
    operands.push_back(operand);
  }
  return operands;
}

}  // namespace fastnn::bench
