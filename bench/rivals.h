// GEMM of other libraries, where this machine has them: row-major C = op(A) op(B), or C += ...
#pragma once
#include <cstdint>
#include <vector>

namespace fastnn::bench {

struct Rival {
  const char* name;
  // a_t: A is stored (k, m), else (m, k); b_t: B is stored (n, k), else (k, n).
  void (*f32)(int64_t m, int64_t n, int64_t k, const float* a, bool a_t, const float* b, bool b_t,
              float* c);
  void (*f64)(int64_t m, int64_t n, int64_t k, const double* a, bool a_t, const double* b, bool b_t,
              double* c);
  void (*set_threads)(int);
};

const std::vector<Rival>& rivals();

}  // namespace fastnn::bench
