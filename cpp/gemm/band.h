// A band of an image as a convolution reads it: in place, or copied: with the zeros around it, or
// for the room that vectors need behind it.
#pragma once
#include "gemm/conv.h"
#include "gemm/cut.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {

// Inputs that `outputs` neighbouring outputs span.
static inline int64_t span(const Taps& t, int64_t outputs) {
  return (outputs - 1) * t.stride + (t.count - 1) * t.step + 1;
}
static inline bool leaves(const Taps& t, int64_t outputs, int64_t inputs) {
  return t.offset < 0 || t.offset + span(t, outputs) > inputs;
}

constexpr int64_t kSlack = 16;  // elements that vectors may read behind a band

// What k runs over, where numbers are taken in pairs: channels, or the pixels of a row of outputs.
// Then any two pixels that such outputs read are a pair, at the first one's place: taps meet pairs
// that begin at odd pixels too.
enum class Along { kChannels, kPixels };

// How the bands of one convolution are read. The taps of a row that lie side by side in memory are
// one run: contiguous elements, multiplied by as many rows of the packed weights.
template <class T>
struct Source {
  const Conv<T>& c;
  bool pairs;
  Along along;
  int64_t in;  // channels, or pairs of them
  bool copied;
  bool overruns =
      false;      // in place, by vectors that reach beyond a run: the last images are copied
  int64_t width;  // pixels of a copied row
  int64_t pixel;  // elements from one to the next
  int64_t run, runs_x;

  Source(const Conv<T>& conv, Along k) : c(conv), pairs(has_pairs<T>(conv.precision)), along(k) {
    in = pairs && along == Along::kChannels ? up(c.in, 2) : c.in;
    width = span(c.tx, c.ys.width);
    const auto set_runs = [&] {
      const bool joined = pixel == in && (c.tx.step == 1 || c.tx.count == 1);
      runs_x = joined ? 1 : c.tx.count;
      run = in * c.tx.count / runs_x;
    };
    pixel = c.xs.pixel;
    set_runs();
    copied = pairs || leaves(c.ty, c.ys.height, c.xs.height) ||
             leaves(c.tx, c.ys.width, c.xs.width) || pixel != in;
    if (copied) pixel = in;
    set_runs();
  }

  // Before anything is asked that follows.
  void read_by_vectors() { overruns = !copied && run % kLanes<T> != 0; }

  int64_t depth() const { return c.ty.count * c.tx.count * in; }
  int64_t runs() const { return c.ty.count * runs_x; }
  int64_t row() const { return copied ? width * pixel : c.xs.row; }
  // Where run r begins, seen from the first tap of an output.
  int64_t run_at(int64_t r) const {
    return r / runs_x * c.ty.step * row() + r % runs_x * c.tx.step * pixel;
  }
  int64_t bytes(int64_t out_rows) const {
    return copied || overruns ? align64((span(c.ty, out_rows) * row() + kSlack) * sizeof(T)) : 0;
  }

  // Whether the band of an image must be in memory of its own: vectors reach less than kSlack
  // beyond.
  bool is_copied(int64_t image) const {
    return copied || (overruns && (c.images - 1 - image) * c.xs.image < kSlack);
  }

  // The first tap of output (oy, 0) of an image; rows [oy, oy + out_rows) can be read from there.
  const T* band(int64_t image, int64_t oy, int64_t out_rows, T* memory) const {
    const int64_t top = oy * c.ty.stride + c.ty.offset, left = c.tx.offset;
    const int64_t at = image * c.xs.image + top * c.xs.row + left * c.xs.pixel;
    if (!is_copied(image)) return c.x + at;
    if (overruns) {  // no pixel of it is beside the image
      const int64_t before_last = (span(c.ty, out_rows) - 1) * row();
      __builtin_memcpy(memory, c.x + at, (before_last + width * pixel) * sizeof(T));
      return memory;
    }
    if (c.bf16_x)
      fill(reinterpret_cast<const Bf16*>(c.x) + at, top, span(c.ty, out_rows), memory);
    else
      fill(c.x + at, top, span(c.ty, out_rows), memory);
    return memory;
  }

 private:
  // Rows from `top` on, of which `first` is the first tap of an output.
  template <class F>
  void fill(const F* first, int64_t top, int64_t rows, T* memory) const {
    const int64_t left = c.tx.offset;
    for (int64_t r = 0; r < rows; ++r) {
      T* to = memory + r * row();
      const int64_t iy = top + r;
      const int64_t begin = least(most(-left, 0), width);
      const int64_t end = most(least(c.xs.width - left, width), begin);
      if (iy < 0 || iy >= c.xs.height || begin == end) {
        __builtin_memset(to, 0, row() * sizeof(T));
        continue;
      }
      const F* const from = first + r * c.xs.row;  // of column 0, be there one or not
      if (pairs && along == Along::kPixels) {
        join_pixels(from, begin, end, to);
        continue;
      }
      __builtin_memset(to, 0, begin * pixel * sizeof(T));
      __builtin_memset(to + end * pixel, 0, (width - end) * pixel * sizeof(T));
      copy(from + begin * c.xs.pixel, end - begin, to + begin * pixel);
    }
  }
  template <class F>
  void copy(const F* from, int64_t pixels, T* to) const {
    if constexpr (sizeof(T) == 4)
      if (pairs) {
        const bool dense = c.xs.pixel == c.in && c.in % 2 == 0;
        return round_rows(c.precision, dense ? 1 : pixels, dense ? pixels * c.in : c.in, from,
                          c.xs.pixel, to, in);
      }
    if constexpr (sizeof(F) == sizeof(T)) {
      if (c.xs.pixel == c.in) return copy_channels(from, pixels * c.in, to);
      for (int64_t i = 0; i < pixels; ++i)
        copy_channels(from + i * c.xs.pixel, c.in, to + i * c.in);
    }
  }
  void copy_channels(const T* from, int64_t n, T* to) const {
    if (n > 16)
      __builtin_memcpy(to, from, n * sizeof(T));
    else
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  }

  // Pixel i with the one that the next output reads. Outside of [begin, end) stand zeros.
  template <class F>
  void join_pixels(const F* from, int64_t begin, int64_t end, T* to) const {
    if constexpr (sizeof(T) == 4) {
      const int64_t next = c.tx.stride;
      const auto join = [&](int64_t i, int64_t stop, bool first, bool second) {
        const F* const at = from + i * c.xs.pixel;
        const bool dense = c.xs.pixel == in;
        if (i < stop)
          join_rows<F>(c.precision, dense ? 1 : stop - i, dense ? (stop - i) * in : in,
                       first ? at : nullptr, second ? at + next * c.xs.pixel : nullptr, c.xs.pixel,
                       to + i * in, in);
      };
      // The first lies inside from `begin` on, the second from `earlier` to `late`.
      const int64_t earlier = most(begin - next, 0), late = most(end - next, 0);
      const bool meet = late > begin;
      join(0, earlier, false, false);
      join(earlier, least(late, begin), false, true);
      join(least(late, begin), most(late, begin), meet, meet);
      join(most(late, begin), end, true, false);
      join(end, width, false, false);
    }
  }
};

}  // namespace fastnn::FASTNN_ISA
