#include "simd/rows.h"

#include "base/parallel.h"
#include "simd/reduce.h"

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

struct Labels {
  static void run(const uint8_t* x, int64_t* y, int64_t n, double, double) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
  }
};

template <class T>
constexpr bool kIsReal = T(0.5) != T(0);

// Bits of the largest |dst| so far, of all tasks: they are in the order of the numbers.
void raise(uint64_t& most, uint64_t bits) {
  uint64_t before = __atomic_load_n(&most, __ATOMIC_RELAXED);
  while (bits > before && !__atomic_compare_exchange_n(&most, &before, bits, true, __ATOMIC_RELAXED,
                                                       __ATOMIC_RELAXED)) {
  }
}

// n elements of src to dst; with `most`, which is only of reals, the largest of them, too.
using Run = void (*)(const Rows& rows, const void* x, void* y, int64_t n, uint64_t* most);

template <class F, class S, class T>
void convert(const Rows& rows, const void* x, void* given, int64_t n, uint64_t* most) {
  T* y = static_cast<T*>(given);
  F::run(static_cast<const S*>(x), y, n, rows.scale, rows.offset);
  if constexpr (kIsReal<T>)
    if (most) raise(*most, simd::largest_bits(y, n));  // while they are in L1
}

// With `most` in one pass, of rows in L2 or in memory 6% longer than a copy alone.
template <class T>
void copy(const Rows&, const void* given, void* to, int64_t n, uint64_t* most) {
  const T* x = static_cast<const T*>(given);
  T* y = static_cast<T*>(to);
  if constexpr (kIsReal<T>)
    if (most) {
      simd::BitsOf<T> bits = 0;
#pragma omp simd reduction(max : bits)
      for (int64_t i = 0; i < n; ++i) {
        y[i] = x[i];
        const auto at = simd::magnitude_bits(x[i]);
        bits = at > bits ? at : bits;
      }
      return raise(*most, bits);
    }
  if (n == 1)
    *y = *x;  // labels
  else
    __builtin_memcpy(y, x, n * sizeof(T));
}

template <class S>
Run run_from(const Rows& rows) {
  const bool same = rows.src_dtype == rows.dst_dtype && rows.scale == 1 && rows.offset == 0;
  if (same || !is_real(rows.dst_dtype))
    return rows.src_dtype == rows.dst_dtype ? copy<S> : convert<Labels, uint8_t, int64_t>;
  return rows.dst_dtype == DType::kFloat32 ? convert<Convert<S, float>, S, float>
                                           : convert<Convert<S, double>, S, double>;
}

Run run_of(const Rows& rows) {
  switch (rows.src_dtype) {
    case DType::kFloat32:
      return run_from<float>(rows);
    case DType::kFloat64:
      return run_from<double>(rows);
    case DType::kInt64:
      return run_from<int64_t>(rows);
    case DType::kUint8:
      break;
  }
  return run_from<uint8_t>(rows);
}

// Rows lie anywhere in memory, so that the first touch of each is a miss: the next one is asked for
// while this one is converted.
void prefetch(const char* x, int64_t bytes) {
  for (int64_t i = 0; i < bytes && i < kAhead * kLine; i += kLine) __builtin_prefetch(x + i);
}

void gather(const Rows& rows, Run run, uint64_t* most) {
  const char* src = static_cast<const char*>(rows.src);
  char* dst = static_cast<char*>(rows.dst);
  const int64_t width = rows.row_elements, count = rows.n * width;
  const int64_t from = size_of(rows.src_dtype), to = size_of(rows.dst_dtype);
  if (count == 0) return;
  const int64_t* indices = rows.indices;
  if (!indices) {
    parallel_chunks(count, kGrain, count * kCost, [&](int64_t begin, int64_t end) {
      run(rows, src + begin * from, dst + begin * to, end - begin, most);
    });
    return;
  }
  // An even number of even parts: the core that gathers a row is then the one that reads it.
  const int64_t few = width < kGrain ? kGrain / width : 1, pairs = (rows.n + few) / (2 * few);
  const int64_t grain = pairs == 0 ? rows.n : (rows.n + 2 * pairs - 1) / (2 * pairs);
  parallel_chunks(rows.n, grain, count * kCost, [&](int64_t begin, int64_t end) {
    prefetch(src + indices[begin] * width * from, width * from);
    for (int64_t r = begin; r < end; ++r) {
      if (r + 1 < end) prefetch(src + indices[r + 1] * width * from, width * from);
      run(rows, src + indices[r] * width * from, dst + r * width * to, width, most);
    }
  });
}

}  // namespace

void gather_rows(const Rows& rows) {
  uint64_t most = 0;
  gather(rows, run_of(rows), rows.largest ? &most : nullptr);
  if (!rows.largest) return;
  *rows.largest = rows.dst_dtype == DType::kFloat32
                      ? static_cast<double>(simd::from_bits(static_cast<uint32_t>(most)))
                      : simd::from_bits(most);
}

}  // namespace fastnn::FASTNN_ISA
