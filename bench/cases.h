// What ops_bench runs, and tests/core/ops_test in smaller sizes: for each op at least one case,
// whose text is read into a Step with memory.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/step.h"

namespace fastnn::bench {

// Operands are "<kind>:<dims>" with blanks between; dims are joined by x, () is a number alone. The
// kind says what an operand holds, and of which dtype:
//   (none)    float32 in [-1, 1)
//   p:        float32 in [0.05, 0.95)
//   t:        the same as a target: nobody asks for its gradient
//   2.0:      float32, this number everywhere, and no gradient
//   i10: u2:  int64 below 10, uint8 below 2
// One length may be N: it is chosen so that operands and results fill a footprint. A case without N
// is a product, measured against the FMA peak.
struct Case {
  const char* name;  // the op, or <op>.<variant>
  const char* operands;
  const char* attrs = "";  // "axis=1 rate=0.3": numbers with a point are real

  std::string op() const;
  bool is_product() const;
};

const std::vector<Case>& cases();
// The ops of the table in use that no case has.
std::vector<std::string> ops_without_case();

struct Operand {
  char kind = 'n';    // n, p, t, c (a constant), i, u
  double number = 0;  // the constant, or what integers are below
  Shape shape;
  DType dtype = DType::kFloat32;
  bool is_wanted() const { return kind == 'n' || kind == 'p'; }  // its gradient
};

std::vector<Operand> operands_of(const std::string& text, int64_t n);
std::vector<NamedAttr> attrs_of(const std::string& text);

struct Bytes {
  double read = 0, written = 0;
};

// A case in memory, with the gradients that training would ask for. The memory is that of the last
// one made: only one at a time can be run.
class Problem {
 public:
  Problem(const Case& given, int64_t n, Precision precision = Precision::kFull);

  const Step& step() const { return *step_; }
  // Each array once, however often a kernel passes over it.
  Bytes forward_bytes() const;
  Bytes backward_bytes() const;
  void take_memory();  // and fill it; the forward pass is then run once

 private:
  std::unique_ptr<Step> step_;
  std::vector<Operand> operands_;
  uint64_t count_ = 1;  // of training steps
};

// The N with which operands and results of a case take about `bytes`, 0 where those without N fill
// most of that.
int64_t rows_for(const Case& given, double bytes);

}  // namespace fastnn::bench
