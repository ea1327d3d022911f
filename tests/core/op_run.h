// One use of an op with memory of its own: each array is a block of exactly its length, so that a
// sanitizer sees one element too many; without one, guard bytes behind it do.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bench/cases.h"
#include "graph/step.h"

namespace fastnn::test {

struct Text {
  std::string name, op, operands, attrs;  // as bench/cases.h says
};

// Numbers of one array, whatever its dtype.
struct Values {
  std::string name;
  std::vector<double> at;
};

// The operands of a text. Real ones are float32-representable, no two of an array are equal, none
// is near another's or near a kink: differences of 1e-6 are safe.
std::vector<std::vector<double>> draw(const std::vector<bench::Operand>& operands);

class OpRun {
 public:
  // `real`: the dtype that real operands get.
  OpRun(const Text& text, DType real, const std::vector<bench::Operand>& operands,
        const std::vector<std::vector<double>>& values, Precision precision = Precision::kFull);

  bool has_backward() const { return step_.has_backward(); }
  void forward();  // into arrays full of NaN
  // Adds to gradients that hold `start` (where it is not NaN); without input `skip`.
  void backward(double start, int skip = -1);

  std::vector<Values> outputs() const;
  std::vector<Values> gradients() const;      // of the last backward
  std::vector<double> output_slopes() const;  // dy of all real outputs, one after another
  double* input(int i);                       // of a float64 run
  bool is_differentiable(int i) const { return operands_[i].is_wanted(); }
  int n_in() const { return step_.node.n_in; }
  int64_t count(int i) const { return elements(step_.node.in[i].shape); }
  const char* isa() const { return step_.node.op->isa; }
  // Inputs and all guards are as they were.
  bool is_unharmed() const;

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    int64_t bytes;
  };
  void* take(int64_t bytes);
  void take_scratch(bool backward);
  static std::vector<Arg> args(const std::vector<bench::Operand>& operands, DType real);

  std::vector<bench::Operand> operands_;
  Step step_;
  std::vector<Block> blocks_;
  std::vector<std::vector<char>> before_;  // the inputs
  std::vector<void*> grads_;
  std::unique_ptr<char[]> scratch_;
  uint64_t count_ = 1;
};

}  // namespace fastnn::test
