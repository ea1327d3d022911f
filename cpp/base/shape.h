// Shapes and element types: plain structs that every layer of the core shares.
// All helpers are `static inline`: files compiled per instruction set must not share code with
// others.
#pragma once
#include <cstdint>

namespace fastnn {

constexpr int kMaxRank = 8;
constexpr int64_t kBatch = -1;  // the batch size N, not known before a Plan is compiled

// Of an array, which no machine has memory for: products of sizes below it do not overflow.
constexpr int64_t kMostElements = int64_t{1} << 47;

enum class DType : int32_t { kFloat32 = 0, kFloat64 = 1, kInt64 = 2, kUint8 = 3 };

static inline int64_t size_of(DType dtype) {
  constexpr int64_t kBytes[] = {4, 8, 8, 1};
  return kBytes[static_cast<int>(dtype)];
}

static inline const char* name_of(DType dtype) {
  constexpr const char* kNames[] = {"float32", "float64", "int64", "uint8"};
  return kNames[static_cast<int>(dtype)];
}

static inline bool is_real(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

template <class T>
constexpr DType dtype_of = DType::kUint8;
template <>
inline constexpr DType dtype_of<float> = DType::kFloat32;
template <>
inline constexpr DType dtype_of<double> = DType::kFloat64;
template <>
inline constexpr DType dtype_of<int64_t> = DType::kInt64;

struct Shape {
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t operator[](int axis) const { return dims[axis]; }
};

static inline bool operator==(const Shape& a, const Shape& b) {
  if (a.rank != b.rank) return false;
  for (int i = 0; i < a.rank; ++i)
    if (a.dims[i] != b.dims[i]) return false;
  return true;
}

// Product of dims[begin..end); the whole shape by default. An unknown batch size counts as 1.
static inline int64_t elements(const Shape& s, int begin = 0, int end = kMaxRank) {
  int64_t n = 1;
  for (int i = begin; i < end && i < s.rank; ++i) n *= s.dims[i] == kBatch ? 1 : s.dims[i];
  return n;
}

}  // namespace fastnn
