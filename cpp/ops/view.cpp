// Copies from and into strided views: rows where the last axis lies as the array does, a few planes
// interleaved, else blocks that are turned through a buffer.
#include "ops/view.h"

#include "gemm/cut.h"
#include "simd/transpose.h"

namespace fastnn::FASTNN_ISA {
namespace {

// f(at, n, position) for stretches of [begin, end) inside one last row of the view: `at` counts the
// view's elements, `position` is where the first lies.
template <class F>
void for_rows(const View& v, int64_t begin, int64_t end, const F& f) {
  const int last = v.rank - 1;
  int64_t index[kMaxRank] = {}, position = v.offset, rest = begin;
  for (int i = last; i >= 0; --i) {
    index[i] = rest % v.dims[i];
    rest /= v.dims[i];
    position += index[i] * v.strides[i];
  }
  for (int64_t at = begin; at < end;) {
    const int64_t room = v.dims[last] - index[last];
    const int64_t n = room < end - at ? room : end - at;
    f(at, n, position);
    at += n;
    index[last] += n;
    position += n * v.strides[last];
    for (int i = last; i > 0 && index[i] == v.dims[i]; --i) {
      index[i] = 0;
      ++index[i - 1];
      position += v.strides[i - 1] - v.dims[i] * v.strides[i];
    }
  }
}

// to[0..n) (+)= from, steps apart.
template <class T>
inline void copy_run(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t n,
                     bool accumulate) {
  if (to_step == 1 && from_step == 1 && !accumulate && n > 128) {
    __builtin_memcpy(to, from, n * sizeof(T));
  } else if (to_step == 1 && from_step == 1 && !accumulate) {  // too short for a call to pay
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else if (to_step == 1 && from_step == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(to[i] + from[i]);
  } else if (accumulate) {
    for (int64_t i = 0; i < n; ++i)
      to[i * to_step] = static_cast<T>(to[i * to_step] + from[i * from_step]);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
  }
}

constexpr int64_t kTurnGrain = 4096;  // elements per task

// One line of cache; a block of kLine x kLine is turned through a buffer, so that every line of
// both arrays is touched once, whatever power of 2 lies between rows.
template <class T>
constexpr int64_t kLine = 64 / sizeof(T);

// to[i * kLine + j] = from[j * step + i]
template <class T>
inline void turn_block(const T* from, int64_t step, T* to) {
  if constexpr (sizeof(T) >= 4) {
    constexpr int64_t kL = kLanes<T>;
    for (int64_t j = 0; j < kLine<T>; j += kL)
      for (int64_t i = 0; i < kLine<T>; i += kL)
        transpose_block(from + j * step + i, {step, kL}, to + i * kLine<T> + j, {kLine<T>, kL});
  } else {
    for (int64_t j = 0; j < kLine<T>; ++j)
      for (int64_t i = 0; i < kLine<T>; ++i) to[i * kLine<T> + j] = from[j * step + i];
  }
}

// to (+)= the view of `from`, whose axis `turned` has stride 1 and whose last axis has not: block
// by block over these two axes.
template <class T>
void gather_turned(const View& v, int turned, const T* from, T* to, bool accumulate) {
  constexpr int64_t kB = kLine<T>;
  const int last = v.rank - 1;
  const int64_t rows = v.dims[turned], columns = v.dims[last], step = v.strides[last];
  int64_t to_strides[kMaxRank];
  int64_t stride = 1, outer = 1;
  for (int i = last; i >= 0; --i) {
    to_strides[i] = stride;
    stride *= v.dims[i];
    if (i != turned && i != last) outer *= v.dims[i];
  }
  const int64_t bands = up(rows, kB);
  // The last block of a side begins earlier, to be whole: so many of its lines are not its own.
  const auto before = [](int64_t side, int64_t own) {
    return own < kB && side >= kB ? kB - own : 0;
  };
  const int64_t tasks = up(outer * bands, kTurnGrain / (kB * columns + 1) + 1);
  parallel(tasks, v.count * 0.4, [&](int64_t task) {
    alignas(64) T block[kB * kB];
    const Cut item(outer * bands, tasks);
    for (int64_t q = item(task); q < item(task + 1); ++q) {
      const int64_t row = q % bands * kB, m = least(rows - row, kB);
      const int64_t above = before(rows, m);
      const T* source = from + v.offset + row - above;
      T* target = to + row * to_strides[turned];
      int64_t rest = q / bands;
      for (int i = last - 1; i >= 0; --i) {
        if (i == turned) continue;
        source += rest % v.dims[i] * v.strides[i];
        target += rest % v.dims[i] * to_strides[i];
        rest /= v.dims[i];
      }
      for (int64_t column = 0; column < columns; column += kB) {
        const int64_t n = least(columns - column, kB);
        const int64_t left = before(columns, n);
        const T* const block_from = source + (column - left) * step;
        if (m + above == kB && n + left == kB)
          turn_block(block_from, step, block);
        else
          for (int64_t j = 0; j < n + left; ++j)
            for (int64_t i = 0; i < m + above; ++i) block[i * kB + j] = block_from[j * step + i];
        T* put = target + column;
        const T* line = block + above * kB + left;
        for (int64_t i = 0; i < m; ++i, put += to_strides[turned], line += kB)
          if (accumulate)
            copy_run(put, int64_t{1}, line, int64_t{1}, n, true);
          else
            copy_row(line, n, put);
      }
    }
  });
}

// to = the view of `from`, whose last axis is a few planes and the one before has stride 1.
void gather_interleaved(const View& v, const float* from, float* to) {
  const int last = v.rank - 1;
  const int64_t rows = v.dims[last - 1], planes = v.dims[last];
  const int64_t stretch = least(rows, kViewGrain / planes), stretches = up(rows, stretch);
  const int64_t items = v.count / (rows * planes) * stretches;
  const int64_t tasks = up(items, most(kViewGrain / (stretch * planes), 1));
  parallel(tasks, v.count * 0.2, [&](int64_t task) {
    const Cut item(items, tasks);
    for (int64_t q = item(task); q < item(task + 1); ++q) {
      const int64_t row = q % stretches * stretch;
      const float* source = from + v.offset + row;
      int64_t rest = q / stretches;
      for (int i = last - 2; i >= 0; --i) {
        source += rest % v.dims[i] * v.strides[i];
        rest /= v.dims[i];
      }
      interleave(source, v.strides[last], planes, least(rows - row, stretch),
                 to + (q / stretches * rows + row) * planes);
    }
  });
}

}  // namespace

template <class T>
void scatter_view(const View& v, const T* from, T* to, bool accumulate) {
  const int64_t step = v.strides[v.rank - 1];
  parallel_chunks(v.count, kViewGrain, v.count * 0.3, [&](int64_t begin, int64_t end) {
    for_rows(v, begin, end, [&](int64_t at, int64_t n, int64_t position) {
      copy_run(to + position, step, from + at, int64_t{1}, n, accumulate);
    });
  });
}

template <class T>
void gather_view(const View& v, const T* from, T* to, bool accumulate) {
  const int64_t step = v.strides[v.rank - 1];
  if constexpr (sizeof(T) == 4)
    if (v.rank > 1 && step != 1 && v.strides[v.rank - 2] == 1 && !accumulate &&
        v.dims[v.rank - 1] <= kMostInterleaved && v.count > 0)
      return gather_interleaved(v, from, to);
  for (int i = 0; i < v.rank - 1 && step != 1; ++i)
    if (v.strides[i] == 1) return gather_turned(v, i, from, to, accumulate);
  parallel_chunks(v.count, kViewGrain, v.count * 0.3, [&](int64_t begin, int64_t end) {
    for_rows(v, begin, end, [&](int64_t at, int64_t n, int64_t position) {
      copy_run(to + at, int64_t{1}, from + position, step, n, accumulate);
    });
  });
}

template void scatter_view<float>(const View&, const float*, float*, bool);
template void scatter_view<double>(const View&, const double*, double*, bool);
template void scatter_view<uint8_t>(const View&, const uint8_t*, uint8_t*, bool);
template void gather_view<float>(const View&, const float*, float*, bool);
template void gather_view<double>(const View&, const double*, double*, bool);
template void gather_view<uint8_t>(const View&, const uint8_t*, uint8_t*, bool);

}  // namespace fastnn::FASTNN_ISA
