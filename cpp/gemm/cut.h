// Whole numbers: quotients rounded up, and work cut into even parts.
#pragma once
#include <cstdint>

namespace fastnn::FASTNN_ISA {

static inline int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t align64(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// `count` items cut into `parts` whose sizes differ by one at most, the longer ones first.
struct Cut {
  int64_t size, longer;
  Cut(int64_t count, int64_t parts) : size(count / parts), longer(count % parts) {}
  int64_t operator()(int64_t i) const { return i * size + least(i, longer); }
};

}  // namespace fastnn::FASTNN_ISA
