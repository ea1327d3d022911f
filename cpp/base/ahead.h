// Memory that a later step will read, asked for while this one computes.
//
// A core keeps some twenty misses in flight and drops what is asked for beyond: 490 lines asked for
// at once before 12 us of arithmetic are copied no sooner (3.8 us), by the dozen every 0.3 us as if
// from L2 (0.6 us; AMD EPYC, Zen 4). Kernels therefore call ask_ahead() between tiles, and each
// call asks for a few. Products slow down by more than half of what that saves, for they read L2 by
// the same way: 784-30-10, batch 10, on 188 MB of rows takes 14.4 us a step instead of 15.4.
#pragma once
#include <cstdint>

namespace fastnn {

// While one is there, ask_ahead() on its thread asks for the rows it was told last.
class Ahead {
 public:
  // An array of rows. What fits into L2 is not worth it, nor batches that would not.
  Ahead(const void* data, int64_t rows, int64_t row_bytes, int64_t batch);
  ~Ahead();
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  // The next `count` row numbers that are wanted. They are asked for in the calls to come, as many
  // as there were since the last call of it.
  void want(const int64_t* numbers, int64_t count);
  void ask();

 private:
  const char* data_;
  int64_t row_bytes_;
  int64_t lines_ = 0;  // of a row
  const int64_t *next_ = nullptr, *end_ = nullptr;
  const char* row_ = nullptr;        // what is left of the row before
  int64_t row_left_ = 0;             // lines of it
  int64_t calls_ = 0, at_once_ = 0;  // lines of a call
  Ahead* before_;
};

void ask_ahead();

}  // namespace fastnn
