#include "simd/rows.h"

#include "base/parallel.h"

namespace fastnn::FASTNN_ISA {
namespace {

constexpr int64_t kGrain = 16384;  // elements per task
constexpr double kCost = 0.25;     // ns per element, memory included
constexpr int64_t kLine = 64;      // bytes of a cache line
constexpr int64_t kAhead = 16;     // lines of the next row asked for in advance

// In float64, and only the result is rounded to T.
template <class S, class T>
struct Convert {
  static void run(const S* x, T* y, int64_t n, double scale, double offset) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
      y[i] = static_cast<T>(static_cast<double>(x[i]) * scale + offset);
  }
};

template <>
struct Convert<float, float> {
  static void run(const float* x, float* y, int64_t n, double scale, double offset) {
    const float a = static_cast<float>(scale), b = static_cast<float>(offset);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * a + b;
  }
};

// scale = high + low, where high has 16 significant bits: 8-bit pixel * high is exact in float32,
// so that x / 255 comes out rounded once, on every instruction set, with or without FMA.
template <>
struct Convert<uint8_t, float> {
  static void run(const uint8_t* x, float* y, int64_t n, double scale, double offset) {
    float high = static_cast<float>(scale);
    uint32_t bits;
    __builtin_memcpy(&bits, &high, 4);
    bits &= 0xFFFFFF00u;
    __builtin_memcpy(&high, &bits, 4);
    const float low = static_cast<float>(scale - static_cast<double>(high));
    const float b = static_cast<float>(offset);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      const float v = x[i];
      y[i] = v * high + (v * low + b);
    }
  }
};

template <class T>
struct Copy {
  static void run(const T* x, T* y, int64_t n, double, double) {
    if (n == 1)
      *y = *x;  // labels
    else
      __builtin_memcpy(y, x, n * sizeof(T));
  }
};

struct Labels {
  static void run(const uint8_t* x, int64_t* y, int64_t n, double, double) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
  }
};

// Rows lie anywhere in memory, so that the first touch of each is a miss: the next one is asked for
// while this one is converted.
template <class S>
void prefetch(const S* x, int64_t n) {
  const char* p = reinterpret_cast<const char*>(x);
  const int64_t bytes = n * static_cast<int64_t>(sizeof(S));
  for (int64_t i = 0; i < bytes && i < kAhead * kLine; i += kLine) __builtin_prefetch(p + i);
}

template <class F, class S, class T>
void gather(const Rows& rows) {
  const S* src = static_cast<const S*>(rows.src);
  T* dst = static_cast<T*>(rows.dst);
  const int64_t width = rows.row_elements, count = rows.n * width;
  const double scale = rows.scale, offset = rows.offset;
  if (count == 0) return;
  const int64_t* indices = rows.indices;
  if (!indices) {
    parallel_chunks(count, kGrain, count * kCost, [=](int64_t begin, int64_t end) {
      F::run(src + begin, dst + begin, end - begin, scale, offset);
    });
    return;
  }
  const int64_t grain = width < kGrain ? kGrain / width : 1;
  parallel_chunks(rows.n, grain, count * kCost, [=](int64_t begin, int64_t end) {
    prefetch(src + indices[begin] * width, width);
    for (int64_t r = begin; r < end; ++r) {
      if (r + 1 < end) prefetch(src + indices[r + 1] * width, width);
      F::run(src + indices[r] * width, dst + r * width, width, scale, offset);
    }
  });
}

template <class S>
void gather_from(const Rows& rows) {
  const bool same = rows.src_dtype == rows.dst_dtype && rows.scale == 1 && rows.offset == 0;
  if (same || !is_real(rows.dst_dtype)) {
    if (rows.src_dtype != rows.dst_dtype) return gather<Labels, uint8_t, int64_t>(rows);
    return gather<Copy<S>, S, S>(rows);
  }
  if (rows.dst_dtype == DType::kFloat32) return gather<Convert<S, float>, S, float>(rows);
  return gather<Convert<S, double>, S, double>(rows);
}

}  // namespace

void gather_rows(const Rows& rows) {
  switch (rows.src_dtype) {
    case DType::kFloat32:
      return gather_from<float>(rows);
    case DType::kFloat64:
      return gather_from<double>(rows);
    case DType::kInt64:
      return gather_from<int64_t>(rows);
    case DType::kUint8:
      return gather_from<uint8_t>(rows);
  }
}

}  // namespace fastnn::FASTNN_ISA
