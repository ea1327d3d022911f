// One block of memory for everything a Plan computes: buffers whose lives do not overlap share
// room.
#pragma once
#include <cstdint>
#include <vector>

namespace fastnn {

struct Buffer {
  int64_t bytes = 0;
  int first = 0, last = -1;  // steps of the plan's time line between which it is in use
  int64_t offset = 0;        // set by place(), place_apart()
};

// Sets the offsets (multiples of 64 bytes), largest buffers first, each at the lowest place that is
// free during its life. Returns the bytes of the arena.
int64_t place(std::vector<Buffer>& buffers);
// The same with a place of its own for each buffer.
int64_t place_apart(std::vector<Buffer>& buffers);

// 64-byte aligned memory, zeroed.
class Memory {
 public:
  explicit Memory(int64_t bytes = 0);
  ~Memory();
  Memory(Memory&& other) noexcept : whole_(other.whole_), data_(other.data_), bytes_(other.bytes_) {
    other.whole_ = other.data_ = nullptr;
  }
  Memory& operator=(Memory&& other) noexcept;
  char* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  char* whole_;  // of what is large: as it was allocated
  char* data_;
  int64_t bytes_;
};

}  // namespace fastnn
