#include "graph/feed.h"

#include <cstring>

namespace fastnn {
namespace {

template <class From, class To>
void convert(const Feed& feed, const int64_t* order, int64_t first, int64_t n, void* dst) {
  To* out = static_cast<To*>(dst);
  for (int64_t i = 0; i < n; ++i) {
    const From* row = static_cast<const From*>(feed.data) + (order ? order[i] : first + i) * feed.row_elements;
    for (int64_t j = 0; j < feed.row_elements; ++j)
      out[i * feed.row_elements + j] =
          static_cast<To>(static_cast<To>(row[j]) * static_cast<To>(feed.scale) + static_cast<To>(feed.offset));
  }
}

template <class To>
void convert_to(const Feed& feed, const int64_t* order, int64_t first, int64_t n, void* dst) {
  switch (feed.dtype) {
    case DType::kFloat32: return convert<float, To>(feed, order, first, n, dst);
    case DType::kFloat64: return convert<double, To>(feed, order, first, n, dst);
    case DType::kInt64: return convert<int64_t, To>(feed, order, first, n, dst);
    case DType::kUint8: return convert<uint8_t, To>(feed, order, first, n, dst);
  }
}

}  // namespace

void gather(const Feed& feed, const int64_t* order, int64_t first, int64_t n, DType to, void* dst) {
  if (feed.dtype == to && feed.scale == 1 && feed.offset == 0) {
    const size_t bytes = static_cast<size_t>(feed.row_elements * size_of(to));
    const char* src = static_cast<const char*>(feed.data);
    char* out = static_cast<char*>(dst);
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(out + i * bytes, src + (order ? order[i] : first + i) * bytes, bytes);
  } else if (to == DType::kFloat64) {
    convert_to<double>(feed, order, first, n, dst);
  } else if (to == DType::kInt64) {
    convert_to<int64_t>(feed, order, first, n, dst);
  } else {
    convert_to<float>(feed, order, first, n, dst);
  }
}

}  // namespace fastnn
