#include "graph/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>

namespace fastnn {

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
      offset = std::max(offset, (other->offset + other->bytes + 63) / 64 * 64);
    }
    b.offset = offset;
    total = std::max(total, offset + b.bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &b,
                         [](const Buffer* x, const Buffer* y) { return x->offset < y->offset; }),
        &b);
  }
  return (total + 63) / 64 * 64;
}

namespace {

constexpr int64_t kHugePage = 2 << 20;

// Large vectors on huge pages, where the system grants them on request.
std::align_val_t alignment_of(int64_t bytes) {
  return std::align_val_t(bytes < kHugePage ? 64 : kHugePage);
}

}  // namespace

Memory::Memory(int64_t bytes) : data_(nullptr), bytes_(bytes) {
  if (!bytes) return;
  const int64_t whole = bytes < kHugePage ? bytes : (bytes + kHugePage - 1) / kHugePage * kHugePage;
  data_ = static_cast<char*>(::operator new(static_cast<size_t>(whole), alignment_of(bytes)));
#ifdef MADV_HUGEPAGE
  if (bytes >= kHugePage) madvise(data_, static_cast<size_t>(whole), MADV_HUGEPAGE);
#endif
  std::memset(data_, 0, static_cast<size_t>(bytes));
}

Memory::~Memory() {
  if (data_) ::operator delete(data_, alignment_of(bytes_));
}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace fastnn
