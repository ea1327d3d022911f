// The sizes in which ops_test runs the benchmark's cases.
#pragma once
#include <cstdint>
#include <vector>

#include "op_run.h"

namespace fastnn::test {

// Each case with each of its lengths at each edge size, the others small.
std::vector<Text> small_texts(const std::vector<int64_t>& edges);
// Each case once, with about `count` elements in its largest array; no length of a product is above
// `length`.
std::vector<Text> large_texts(int64_t count, int64_t length);

}  // namespace fastnn::test
