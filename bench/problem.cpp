// From a case to a Step with memory, as cpp/bind/ops.cpp makes one from NumPy arrays.
#include <algorithm>
#include <cstring>

#include "cases.h"
#include "dispatch/isa.h"
#include "machine.h"

namespace fastnn::bench {
namespace {

constexpr int64_t kPattern = 1 << 16;  // numbers drawn; longer arrays repeat them

double bytes_of(const Arg& a) { return static_cast<double>(elements(a.shape) * size_of(a.dtype)); }

void fill_floats(float* x, int64_t n, double low, double high) {
  uint32_t state = 1;
  for (int64_t i = 0; i < n && i < kPattern; ++i) {
    state = state * 1664525u + 1013904223u;
    x[i] = static_cast<float>(low + (high - low) * state / 4294967296.0);
  }
  for (int64_t i = kPattern; i < n; i += kPattern)
    std::memcpy(x + i, x, sizeof(float) * std::min(kPattern, n - i));
}

template <class T>
void fill_integers(T* x, int64_t n, double below) {
  uint32_t state = 1;
  for (int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    x[i] = static_cast<T>(below * state / 4294967296.0);
  }
}

// A stretch of one block that is kept between problems.
class Pool {
 public:
  explicit Pool(bool counting) : counting_(counting) {}
  void* take(int64_t bytes) {
    void* p = counting_ ? nullptr : memory().data() + used_;
    used_ += (bytes + 63) / 64 * 64;
    return p;
  }
  void reserve() const {
    bench::reserve(memory(), used_);  // the pool's own function has the name, too
  }

 private:
  static Memory& memory() {
    static Memory block;
    return block;
  }
  bool counting_;
  int64_t used_ = 0;
};

void take_arrays(Node& node, const std::vector<Operand>& operands, bool backward, Pool& pool) {
  const auto take = [&](const Arg& a) { return pool.take(static_cast<int64_t>(bytes_of(a))); };
  for (int i = 0; i < node.n_in; ++i) {
    node.in[i].data = take(node.in[i]);
    if (backward && operands[i].is_wanted()) node.in[i].grad = take(node.in[i]);
  }
  for (int i = 0; i < node.n_out; ++i) node.out[i].data = take(node.out[i]);
  for (int i = 0; i < node.n_saved; ++i) node.saved[i].data = take(node.saved[i]);
  if (backward) node.out[0].grad = take(node.out[0]);
  node.scratch = pool.take(scratch_of(node, backward));
}

}  // namespace

Problem::Problem(const Case& given, int64_t n, Precision precision) {
  operands_ = operands_of(given.operands, n);
  std::vector<Arg> in;
  for (const Operand& operand : operands_) in.push_back({operand.shape, operand.dtype});
  step_ = std::make_unique<Step>(find_op(given.op().c_str(), table()), given.name, std::move(in),
                                 attrs_of(given.attrs), true, precision);
  step_->infer();
  step_->node.step = &count_;
}

void Problem::take_memory() {
  Node& node = step_->node;
  Pool sizes(true), pool(false);
  take_arrays(node, operands_, step_->has_backward(), sizes);
  sizes.reserve();
  take_arrays(node, operands_, step_->has_backward(), pool);
  for (int i = 0; i < node.n_in; ++i) {
    const Arg& a = node.in[i];
    const int64_t n = elements(a.shape);
    const char kind = operands_[i].kind;
    const double number = operands_[i].number;
    if (kind == 'i')
      fill_integers(static_cast<int64_t*>(a.data), n, number);
    else if (kind == 'u')
      fill_integers(static_cast<uint8_t*>(a.data), n, number);
    else if (kind == 'c')
      fill_floats(static_cast<float*>(a.data), n, number, number);
    else
      fill_floats(static_cast<float*>(a.data), n, kind == 'n' ? -1 : 0.05, kind == 'n' ? 1 : 0.95);
  }
  if (node.out[0].grad)
    fill_floats(static_cast<float*>(node.out[0].grad), elements(node.out[0].shape), 0.5, 1);
  step_->forward();
}

Bytes Problem::forward_bytes() const {
  const Node& node = step_->node;
  Bytes bytes;
  for (int i = 0; i < node.n_in; ++i) bytes.read += bytes_of(node.in[i]);
  for (int i = 0; i < node.n_out; ++i) bytes.written += bytes_of(node.out[i]);
  for (int i = 0; i < node.n_saved; ++i) bytes.written += bytes_of(node.saved[i]);
  return bytes;
}

Bytes Problem::backward_bytes() const {
  const Node& node = step_->node;
  Bytes bytes{bytes_of(node.out[0]), 0};  // dy
  for (int i = 0; i < node.n_in; ++i) {
    if (node.reads_in >> i & 1) bytes.read += bytes_of(node.in[i]);
    if (operands_[i].is_wanted()) bytes.written += bytes_of(node.in[i]);
  }
  for (int i = 0; i < node.n_out; ++i)
    if (node.reads_out >> i & 1) bytes.read += bytes_of(node.out[i]);
  for (int i = 0; i < node.n_saved; ++i) bytes.read += bytes_of(node.saved[i]);
  return bytes;
}

int64_t rows_for(const Case& given, double bytes) {
  const auto at = [&](int64_t n) {
    const Bytes b = Problem(given, n).forward_bytes();
    return b.read + b.written;
  };
  const double slope = (at(128) - at(64)) / 64, fixed = at(64) - 64 * slope;
  if (fixed > bytes / 2) return 0;
  return std::max<int64_t>(8, static_cast<int64_t>((bytes - fixed) / slope) / 8 * 8);
}

}  // namespace fastnn::bench
