#include "graph/feed.h"

#include "dispatch/isa.h"

namespace fastnn {

void gather(const Feed& feed, const int64_t* order, int64_t first, int64_t n, DType to, void* dst,
            double* largest) {
  const int64_t skip = order ? 0 : first * feed.row_elements * size_of(feed.dtype);
  table().gather_rows({static_cast<const char*>(feed.data) + skip, feed.dtype, feed.row_elements,
                       order, n, feed.scale, feed.offset, dst, to, largest});
}

}  // namespace fastnn
