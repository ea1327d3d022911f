// oneDNN's convolution in whatever layout it likes best, reorders not counted.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace fastnn::bench {

struct ConvProblem {
  const char* net;
  int64_t N, C, H, W, K, kernel, stride, padding;
  int64_t outputs(int64_t inputs) const { return (inputs + 2 * padding - kernel) / stride + 1; }
  double flops() const { return 2.0 * N * K * C * kernel * kernel * outputs(H) * outputs(W); }
};

// One run of a pass ("forward", "dx", "dw"); empty where oneDNN was not found at build time.
std::function<void()> onednn_conv(const ConvProblem& p, const std::string& pass, int threads);

}  // namespace fastnn::bench
