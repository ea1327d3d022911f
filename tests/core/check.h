// What every test of the kernels needs: counted checks, repeatable numbers, instruction sets in
// turn.
#pragma once
#include <cstdint>
#include <cstdio>
#include <vector>

namespace fastnn::test {

inline int g_checks = 0, g_failures = 0;

template <class... Args>
bool check(bool good, const char* format, Args... args) {
  ++g_checks;
  if (!good && ++g_failures <= 20) {
    std::printf("FAILED  ");
    std::printf(format, args...);
    std::printf("\n");
  }
  return good;
}

// Numbers in [-1, 1), the same on every machine.
struct Numbers {
  uint64_t state;
  double operator()() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(static_cast<int64_t>(state) >> 11) / 4503599627370496.0;
  }
  template <class T>
  std::vector<T> vector(int64_t n) {
    std::vector<T> v(static_cast<size_t>(n));
    for (T& x : v) x = static_cast<T>((*this)());
    return v;
  }
};

void test_gemm(const char* isa);
void test_passes(bool quick);  // on every instruction set

}  // namespace fastnn::test
