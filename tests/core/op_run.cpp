#include "op_run.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "check.h"
#include "dispatch/isa.h"

namespace fastnn::test {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr int64_t kGuard = 0;
#else
constexpr int64_t kGuard = 64;
#endif
constexpr char kUnwritten = -1;  // bytes of a NaN

double get(DType dtype, const void* data, int64_t i) {
  switch (dtype) {
    case DType::kFloat32:
      return static_cast<const float*>(data)[i];
    case DType::kFloat64:
      return static_cast<const double*>(data)[i];
    case DType::kInt64:
      return static_cast<double>(static_cast<const int64_t*>(data)[i]);
    default:
      return static_cast<const uint8_t*>(data)[i];
  }
}

void set(DType dtype, void* data, int64_t i, double value) {
  switch (dtype) {
    case DType::kFloat32:
      static_cast<float*>(data)[i] = static_cast<float>(value);
      return;
    case DType::kFloat64:
      static_cast<double*>(data)[i] = value;
      return;
    case DType::kInt64:
      static_cast<int64_t*>(data)[i] = static_cast<int64_t>(value);
      return;
    default:
      static_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(value);
  }
}

int64_t bytes_of(const Arg& a) { return elements(a.shape) * size_of(a.dtype); }

std::vector<double> read(DType dtype, const void* data, int64_t n) {
  std::vector<double> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) values[i] = get(dtype, data, i);
  return values;
}

}  // namespace

std::vector<std::vector<double>> draw(const std::vector<bench::Operand>& operands) {
  std::vector<std::vector<double>> all;
  for (size_t k = 0; k < operands.size(); ++k) {
    const auto& [kind, number, shape, dtype] = operands[k];
    const int64_t n = elements(shape);
    std::vector<double> values(static_cast<size_t>(n), number);
    const RandomKey key{1, static_cast<uint32_t>(k)};
    if (kind == 'i' || kind == 'u') {
      random_uniform(key, 0, 0, n, values.data());
      for (double& v : values) v = std::floor(v * number);
    } else if (kind != 'c') {
      // One point of each of n intervals, in any order; sevenths keep them off 0 and each other,
      // the odd width keeps their differences off 1.
      const double low = kind == 'n' ? -3 : 0.05, high = kind == 'n' ? 3.0403 : 0.95;
      std::vector<int64_t> order(static_cast<size_t>(n));
      random_permutation(key, 0, n, order.data());
      const double part = static_cast<double>(k % 6 + 1) / 7;
      for (int64_t i = 0; i < n; ++i)
        values[i] = static_cast<float>(low + (high - low) * (static_cast<double>(order[i]) + part) /
                                                 static_cast<double>(n));
    }
    all.push_back(std::move(values));
  }
  return all;
}

std::vector<Arg> OpRun::args(const std::vector<bench::Operand>& operands, DType real) {
  std::vector<Arg> in;
  for (const bench::Operand& operand : operands)
    in.push_back({operand.shape, operand.dtype == DType::kFloat32 ? real : operand.dtype});
  return in;
}

void* OpRun::take(int64_t bytes) {
  blocks_.push_back({std::unique_ptr<char[]>(new char[bytes + kGuard]), bytes});
  char* data = blocks_.back().data.get();
  std::memset(data, kUnwritten, bytes + kGuard);
  return data;
}

OpRun::OpRun(const Text& text, DType real, const std::vector<bench::Operand>& operands,
             const std::vector<std::vector<double>>& values, Precision precision)
    : operands_(operands),
      step_(find_op(text.op.c_str(), table()), text.name, args(operands, real),
            bench::attrs_of(text.attrs), true) {
  Node& n = step_.node;
  n.precision = precision;
  step_.infer();
  n.step = &count_;
  n.key = {7, 3};
  for (int i = 0; i < n.n_in; ++i) {
    Arg& x = n.in[i];
    x.data = take(bytes_of(x));
    for (int64_t j = 0; j < elements(x.shape); ++j) set(x.dtype, x.data, j, values[i][j]);
    const char* bytes = static_cast<const char*>(x.data);
    before_.emplace_back(bytes, bytes + bytes_of(x));
    grads_.push_back(has_backward() && operands[i].is_wanted() ? take(bytes_of(x)) : nullptr);
  }
  Numbers random{11};
  for (int i = 0; i < n.n_out; ++i) {
    Arg& y = n.out[i];
    y.data = take(bytes_of(y));
    if (!has_backward() || !is_real(y.dtype)) continue;
    y.grad = take(bytes_of(y));
    for (int64_t j = 0; j < elements(y.shape); ++j)
      set(y.dtype, y.grad, j, static_cast<float>(random()));
  }
  for (int i = 0; i < n.n_saved; ++i) n.saved[i].data = take(bytes_of(n.saved[i]));
}

void OpRun::take_scratch(bool backward) {
  const int64_t bytes = scratch_of(step_.node, backward);
  scratch_ = std::unique_ptr<char[]>(new char[bytes + 64]);
  // 64-byte aligned, and up to the end of the block.
  const auto free = reinterpret_cast<uintptr_t>(scratch_.get());
  step_.node.scratch = scratch_.get() + (64 - free % 64) % 64;
  std::memset(step_.node.scratch, kUnwritten, bytes);
}

void OpRun::forward() {
  const Node& n = step_.node;
  for (int i = 0; i < n.n_out; ++i) std::memset(n.out[i].data, kUnwritten, bytes_of(n.out[i]));
  take_scratch(false);
  step_.forward();
}

void OpRun::backward(double start, int skip) {
  Node& n = step_.node;
  for (int i = 0; i < n.n_in; ++i) {
    Arg& x = n.in[i];
    x.grad = i == skip ? nullptr : grads_[i];
    x.accumulate = !std::isnan(start);
    if (grads_[i])
      for (int64_t j = 0; j < elements(x.shape); ++j) set(x.dtype, grads_[i], j, start);
  }
  take_scratch(true);
  step_.backward();
}

std::vector<Values> OpRun::outputs() const {
  std::vector<Values> all;
  const Node& n = step_.node;
  for (int i = 0; i < n.n_out; ++i)
    all.push_back({"output " + std::to_string(i),
                   read(n.out[i].dtype, n.out[i].data, elements(n.out[i].shape))});
  return all;
}

std::vector<Values> OpRun::gradients() const {
  std::vector<Values> all;
  const Node& n = step_.node;
  for (int i = 0; i < n.n_in; ++i)
    if (n.in[i].grad)
      all.push_back({"gradient " + std::to_string(i),
                     read(n.in[i].dtype, n.in[i].grad, elements(n.in[i].shape))});
  return all;
}

std::vector<double> OpRun::output_slopes() const {
  std::vector<double> all;
  const Node& n = step_.node;
  for (int i = 0; i < n.n_out; ++i) {
    const auto dy = n.out[i].grad ? read(n.out[i].dtype, n.out[i].grad, elements(n.out[i].shape))
                                  : std::vector<double>(elements(n.out[i].shape), 0.0);
    all.insert(all.end(), dy.begin(), dy.end());
  }
  return all;
}

double* OpRun::input(int i) { return static_cast<double*>(step_.node.in[i].data); }

bool OpRun::is_unharmed() const {
  for (const auto& [data, bytes] : blocks_)
    for (int64_t i = 0; i < kGuard; ++i)
      if (data[bytes + i] != kUnwritten) return false;
  for (int i = 0; i < step_.node.n_in; ++i)
    if (!before_[i].empty() &&
        std::memcmp(before_[i].data(), step_.node.in[i].data, before_[i].size()))
      return false;
  return true;
}

}  // namespace fastnn::test
