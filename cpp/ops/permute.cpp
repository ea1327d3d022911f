// Axes in another order:  axis a of y is axis dims[a] of x
#include "ops/permute.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Permute {
  static constexpr const char* attrs = "dims:ints";

  static void check(const Node& n) {
    const int rank = n.in[0].shape.rank;
    const Attr& dims = n.attr[0];
    if (dims.count != rank)
      fail(n.where, "dims must name each of the %d axes of x once, got %lld numbers", rank,
           static_cast<long long>(dims.count));
    bool seen[kMaxRank] = {};
    for (int i = 0; i < rank; ++i) {
      const int64_t a = dims.ints[i] + (dims.ints[i] < 0 ? rank : 0);
      if (a < 0 || a >= rank || seen[a])
        fail(n.where, "dims must name each of the %d axes of x once, got %lld%s", rank,
             static_cast<long long>(dims.ints[i]), a >= 0 && a < rank ? " twice" : "");
      seen[a] = true;
    }
  }

  static void order(const Node& n, int* order) {
    const int rank = n.in[0].shape.rank;
    for (int i = 0; i < rank; ++i)
      order[i] = static_cast<int>(n.attr[0].ints[i] + (n.attr[0].ints[i] < 0 ? rank : 0));
  }
};

}  // namespace
extern const Op permute;
const Op permute = op_of<Permutation<Permute>>("permute");
}  // namespace fastnn::FASTNN_ISA
