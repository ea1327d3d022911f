// Passes over a matrix of pixels (..., C) with one set of numbers per channel: normalisations are
// made of them. Narrow pixels are taken several at once, so that a row holds whole vectors whatever
// C is; the sums of a row's columns are then added up channel by channel.
#pragma once
#include "ops/op.h"
#include "ops/pixels.h"

namespace fastnn::FASTNN_ISA {

constexpr int64_t kColumnsGrain = 16384;  // elements of a task, at least
constexpr int64_t kColumnTasks = 64;      // at most: each keeps sums of its own
constexpr int64_t kColumnVectors = 4;     // taken together, their sums in registers
constexpr int64_t kManyChannels = 128;    // taken pixel by pixel
constexpr int64_t kSums = 4;              // rows of doubles that a task's sums take

// V of a V&, for generic terms.
template <class V>
struct ValueOf {
  typedef V type;
};
template <class V>
struct ValueOf<V&> {
  typedef V type;
};

struct Columns {
  int64_t pixels, C;
  int64_t group = 1;  // pixels of a row
  int64_t width = 0;  // group C
  int64_t chunk = 1;  // pixels of a task, a multiple of group
  int64_t tasks = 0;
  int64_t block = 0;  // rows summed up in T before they are added in double
  int64_t strip = 0;  // rows side by side: few where they are long, for memory is read in order
};

template <class T>
static inline Columns columns_of(int64_t pixels, int64_t C) {
  Columns m{pixels, C};
  if (C > 0 && C < kManyChannels) {
    while (m.group * C % kLanes<T>) m.group *= 2;
    while (m.group * C < kColumnVectors * kLanes<T>) m.group *= 2;
  }
  m.width = m.group * C;
  if (m.width == 0 || pixels == 0) return m;
  const int64_t share = (pixels + kColumnTasks - 1) / kColumnTasks, least = kColumnsGrain / C + 1;
  m.chunk = (share > least ? share : least) + m.group - 1;
  m.chunk -= m.chunk % m.group;
  m.tasks = (pixels + m.chunk - 1) / m.chunk;
  m.block = 64;
  m.strip = m.width == kColumnVectors * kLanes<T> ? m.block : 4;
  return m;
}

// Bytes of the sums of all tasks.
static inline int64_t sums_bytes(const Columns& m) {
  return (m.tasks > 0 ? m.tasks : 1) * kSums * m.width * static_cast<int64_t>(sizeof(double));
}

// to[0..width): the channels' numbers for each pixel of a row.
template <class T, class F>
static inline void repeat(const Columns& m, T* to, const F& number) {
  for (int64_t c = 0; c < m.C; ++c) to[c] = static_cast<T>(number(c));
  for (int64_t at = m.C; at < m.width; ++at) to[at] = to[at - m.C];
}

// Of columns [column, column + kVectors lanes): sums of term(at, column, s, q), which adds to s, q.
template <class T, class L, int kVectors, class Term>
static inline void sum_block(int64_t rows, int64_t width, int64_t at, int64_t column,
                             const Term& term, T* s, T* q) {
  using V = typename L::V;
  V sum[kVectors] = {}, other[kVectors] = {};
  for (int64_t r = 0; r < rows; ++r, at += width)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      term(at + column + v * L::kCount, column + v * L::kCount, sum[v], other[v]);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    put(s + column + v * L::kCount, get<V>(s + column + v * L::kCount) + sum[v]);
    put(q + column + v * L::kCount, get<V>(q + column + v * L::kCount) + other[v]);
  }
}

// f.template operator()<L, kVectors>(column) on blocks of columns that cover [0, columns).
template <class T, class F>
static inline void each_column(int64_t columns, const F& f) {
  int64_t column = 0;
  for (; column + kColumnVectors * kLanes<T> <= columns; column += kColumnVectors * kLanes<T>)
    f.template operator()<Wide<T>, kColumnVectors>(column);
  for (; column + kLanes<T> <= columns; column += kLanes<T>)
    f.template operator()<Wide<T>, 1>(column);
  for (; column < columns; ++column) f.template operator()<One<T>, 1>(column);
}

// Sums of each column over pixels [pixel, end): sums[0..width) and sums[width..2 width). After them
// there is room for those of a block of rows.
template <class T, class Term>
static void sum_pixels(const Columns& m, int64_t pixel, int64_t end, const Term& term,
                       double* sums) {
  T* part = reinterpret_cast<T*>(sums + 2 * m.width);
  for (int64_t i = 0; i < 2 * m.width; ++i) sums[i] = 0;
  while (pixel < end) {
    for (int64_t i = 0; i < 2 * m.width; ++i) part[i] = 0;
    const int64_t after = pixel + m.block * m.group, last = after < end ? after : end;
    while (pixel < last) {
      const int64_t left = (last - pixel) / m.group, rows = left < m.strip ? left : m.strip;
      const int64_t columns = rows ? m.width : (last - pixel) * m.C;  // the last few pixels
      each_column<T>(columns, [&]<class L, int kVectors>(int64_t column) {
        sum_block<T, L, kVectors>(rows ? rows : 1, m.width, pixel * m.C, column, term, part,
                                  part + m.width);
      });
      pixel = rows ? pixel + rows * m.group : last;
    }
#pragma omp simd
    for (int64_t i = 0; i < 2 * m.width; ++i) sums[i] += static_cast<double>(part[i]);
  }
}

// Sums of columns to sums of channels: sums[0..C) and sums[width..width + C).
static inline void fold_columns(const Columns& m, double* sums) {
  for (int half = 0; half < 2; ++half)
    for (int64_t i = m.C; i < m.width; ++i)
      sums[half * m.width + i % m.C] += sums[half * m.width + i];
}

// act(column, V) loads the numbers of a vector of columns and gives each(at), for every element of
// pixels [pixel, end). The numbers stay in registers for the rows of a block.
template <class T, class Act>
static void map_pixels(const Columns& m, int64_t pixel, int64_t end, const Act& act) {
  while (pixel < end) {
    const int64_t left = (end - pixel) / m.group, rows = left < m.strip ? left : m.strip;
    const int64_t columns = rows ? m.width : (end - pixel) * m.C;
    each_column<T>(columns, [&]<class L, int kVectors>(int64_t column) {
      const typename L::V zero{};
      constexpr int64_t kStep = L::kCount;
      int64_t at = pixel * m.C + column;
      const int64_t last = at + (rows ? rows : 1) * m.width;
      const auto first = act(column, zero);
      if constexpr (kVectors == 1) {
        for (; at < last; at += m.width) first(at);
      } else {
        const auto second = act(column + kStep, zero), third = act(column + 2 * kStep, zero);
        const auto fourth = act(column + 3 * kStep, zero);
        for (; at < last; at += m.width) {
          first(at);
          second(at + kStep);
          third(at + 2 * kStep);
          fourth(at + 3 * kStep);
        }
      }
    });
    pixel = rows ? pixel + rows * m.group : end;
  }
}

// Two sums for each channel over all pixels, in double: sums[0..C) and sums[width..width + C).
// term(at, column, s, q) adds to them what element `at` gives, in vectors.
template <class T, class Term>
static void sum_columns(const Columns& m, double cost, const Term& term, double* sums) {
  for (int64_t i = 0; i < 2 * m.width; ++i) sums[i] = 0;
  parallel(m.tasks, cost * static_cast<double>(m.pixels * m.C), [&](int64_t task) {
    const int64_t pixel = task * m.chunk, end = pixel + m.chunk;
    sum_pixels<T>(m, pixel, end < m.pixels ? end : m.pixels, term, sums + task * kSums * m.width);
  });
  for (int64_t task = 1; task < m.tasks; ++task) {
    const double* more = sums + task * kSums * m.width;
#pragma omp simd
    for (int64_t i = 0; i < 2 * m.width; ++i) sums[i] += more[i];
  }
  fold_columns(m, sums);
}

template <class T, class Act>
static void map_columns(const Columns& m, double cost, const Act& act) {
  parallel(m.tasks, cost * static_cast<double>(m.pixels * m.C), [&](int64_t task) {
    const int64_t pixel = task * m.chunk, end = pixel + m.chunk;
    map_pixels<T>(m, pixel, end < m.pixels ? end : m.pixels, act);
  });
}

}  // namespace fastnn::FASTNN_ISA
