#include "simd/vector.h"

#include "base/parallel.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int kMaxChunks = 64;
constexpr int64_t kLeastChunk = 8192;

// Four sums side by side hide the latency of the additions (2.2 times as fast as one, AMD EPYC).
template <class T>
double squares(const T* x, int64_t n) {
  const int64_t q = n / 4;
  const T *x1 = x + q, *x2 = x1 + q, *x3 = x2 + q;
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
  for (int64_t i = 0; i < q; ++i) {
    const double a = x[i], b = x1[i], c = x2[i], d = x3[i];
    s0 += a * a;
    s1 += b * b;
    s2 += c * c;
    s3 += d * d;
  }
  double sum = (s0 + s1) + (s2 + s3);
  for (int64_t i = 4 * q; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

template <class T>
double sum_of_squares(const void* given, int64_t n) {
  const T* x = static_cast<const T*>(given);
  const int64_t share = (n + kMaxChunks - 1) / kMaxChunks;
  const int64_t grain = share > kLeastChunk ? (share + 1023) / 1024 * 1024 : kLeastChunk;
  double partial[kMaxChunks] = {};
  parallel_chunks(n, grain, n * 0.2, [&](int64_t begin, int64_t end) {
    partial[begin / grain] = squares(x + begin, end - begin);
  });
  double sum = 0;
  for (const double p : partial) sum += p;
  return sum;
}

template <class T>
void max_norm(void* given, int64_t rows, int64_t columns, double limit) {
  T* w = static_cast<T*>(given);
  const int64_t grain = columns < 4096 ? 4096 / (columns + 1) + 1 : 1;
  parallel_chunks(rows, grain, rows * columns * 0.2, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      T* row = w + r * columns;
      const double square = squares(row, columns);
      if (!(square > limit * limit)) continue;
      const T factor = static_cast<T>(limit / __builtin_sqrt(square));
#pragma omp simd
      for (int64_t j = 0; j < columns; ++j) row[j] *= factor;
    }
  });
}

}  // namespace

const VectorKernels vector_kernels{{sum_of_squares<float>, sum_of_squares<double>},
                                   {max_norm<float>, max_norm<double>}};

}  // namespace fastnn::FASTNN_ISA
