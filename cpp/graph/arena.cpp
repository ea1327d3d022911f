#include "graph/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>

namespace fastnn {
namespace {

int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// From here on huge pages, where the system grants them on request.
constexpr size_t kHugePage = 2 << 20;
constexpr std::align_val_t kAlign{64};

}  // namespace

int64_t place_apart(std::vector<Buffer>& buffers) {
  int64_t total = 0;
  for (Buffer& b : buffers) {
    b.offset = total;
    total += aligned(b.bytes);
  }
  return total;
}

int64_t place(std::vector<Buffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  int64_t total = 0;
  std::vector<const Buffer*> placed;  // by offset
  for (const size_t i : order) {
    Buffer& b = buffers[i];
    int64_t offset = 0;
    for (const Buffer* other : placed) {
      if (other->last < b.first || b.last < other->first) continue;
      if (offset + b.bytes <= other->offset) break;
      offset = std::max(offset, aligned(other->offset + other->bytes));
    }
    b.offset = offset;
    total = std::max(total, offset + b.bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &b,
                         [](const Buffer* x, const Buffer* y) { return x->offset < y->offset; }),
        &b);
  }
  return aligned(total);
}

// By calloc what is large comes from the system as zeros, and takes no memory before it is used.
Memory::Memory(int64_t bytes) : whole_(nullptr), data_(nullptr), bytes_(bytes) {
  const auto size = static_cast<size_t>(bytes);
  if (size == 0) return;
  if (size < kHugePage) {
    data_ = static_cast<char*>(::operator new(size, kAlign));
    std::memset(data_, 0, size);
    return;
  }
  whole_ = static_cast<char*>(std::calloc(1, size + 2 * kHugePage));
  if (!whole_) throw std::bad_alloc();
  data_ = whole_ + (kHugePage - reinterpret_cast<uintptr_t>(whole_) % kHugePage) % kHugePage;
#ifdef MADV_HUGEPAGE
  madvise(data_, (size + kHugePage - 1) / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

Memory::~Memory() {
  if (whole_)
    std::free(whole_);
  else if (data_)
    ::operator delete(data_, kAlign);
}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(whole_, other.whole_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace fastnn
