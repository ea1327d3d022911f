#include "base/ahead.h"

#include <algorithm>

namespace fastnn {
namespace {

constexpr int64_t kLine = 64;
constexpr int64_t kInFlight = 20;          // lines that are not dropped
constexpr int64_t kCached = 512 << 10;     // bytes that L2 holds anyway
constexpr int64_t kMostBatch = 128 << 10;  // bytes that it has room for beside a step's own

thread_local Ahead* current = nullptr;

}  // namespace

Ahead::Ahead(const void* data, int64_t rows, int64_t row_bytes, int64_t batch)
    : data_(static_cast<const char*>(data)), row_bytes_(row_bytes), before_(current) {
  if (rows * row_bytes > kCached && batch * row_bytes <= kMostBatch) {
    lines_ = (row_bytes + kLine - 1) / kLine;
    current = this;
  }
}
Ahead::~Ahead() { current = before_; }

void Ahead::want(const int64_t* numbers, int64_t count) {
  next_ = numbers;
  end_ = numbers + count;
  row_left_ = 0;
  const int64_t lines = count * lines_;
  at_once_ = calls_ > 0 ? std::min((lines + calls_ - 1) / calls_, kInFlight) : kInFlight;
  calls_ = 0;
}

void Ahead::ask() {
  ++calls_;
  for (int64_t left = at_once_; left > 0;) {
    if (row_left_ == 0) {
      if (next_ == end_) return;
      row_ = data_ + *next_++ * row_bytes_;
      row_left_ = lines_;
    }
    const int64_t some = std::min(left, row_left_);
    for (int64_t i = 0; i < some; ++i) __builtin_prefetch(row_ + i * kLine, 0, 3);
    row_ += some * kLine;
    row_left_ -= some;
    left -= some;
  }
}

void ask_ahead() {
  if (current) current->ask();
}

}  // namespace fastnn
