// Two axes exchanged
#include "ops/permute.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct Transpose {
  static constexpr const char* attrs = "dim0:int=-2 dim1:int=-1";

  static void check(const Node& n) {
    const int rank = n.in[0].shape.rank;
    for (int i = 0; i < 2; ++i) {
      const int64_t a = n.attr[i].ints[0];
      if (a < -rank || a >= rank)
        fail(n.where, "dim%d must be between %d and %d because x has shape %s, got %lld", i, -rank,
             rank - 1, text_of(n.in[0].shape).text, static_cast<long long>(a));
    }
  }

  static void order(const Node& n, int* order) {
    const int rank = n.in[0].shape.rank;
    int axis[2];
    for (int i = 0; i < 2; ++i)
      axis[i] = static_cast<int>(n.attr[i].ints[0] + (n.attr[i].ints[0] < 0 ? rank : 0));
    for (int i = 0; i < rank; ++i) order[i] = i == axis[0] ? axis[1] : i == axis[1] ? axis[0] : i;
  }
};

}  // namespace
extern const Op transpose;
const Op transpose = op_of<Permutation<Transpose>>("transpose");
}  // namespace fastnn::FASTNN_ISA
