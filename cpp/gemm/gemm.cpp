// C = act(A B + bias): the choice between the ways.
#include "gemm/gemm.h"

#include "gemm/gemm_ways.h"
#include "gemm/pairs.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
Choice choose(const Gemm<T>& g) {
  if (has_pairs<T>(g.precision)) return {false, true, true};  // made while packing
  constexpr int L = kLanes<T>;
  const bool along_k = (g.a_col == 1 || g.k == 1) && (g.b_row == 1 || g.k == 1);
  // Vector FMAs, and what comes on top: 6 per sum of lanes; half a vector's worth per element
  // packed, whole vectors of them, and 300 before the first.
  const double dot = double(g.m) * g.n * (up(g.k, L) + 6);
  const double tiles = (double(g.m) + 0.5 * L) * up(g.n, L) * g.k + 300;
  Choice c{};
  c.dot = along_k && (g.m == 1 || dot < tiles);
  // B is packed where many tiles share a panel, unless k is so small that copying weighs ((30, 784,
  // 10): 6.8 us instead of 7.5). Not where its rows and those of C would lie a power of two apart:
  // loads then wait for stores whose addresses end alike ((128, 512, 10): 28 us instead of 19).
  const bool shallow = g.k <= 32 && g.b_row * static_cast<int64_t>(sizeof(T)) % 1024 != 0;
  c.pack_b = g.b_col != 1 || (g.m > kBlocking.packing * kBlocking.mr && !shallow);
  // A is read where it is, unless its rows start a page or more apart (packed, 1024 cubed is 4%
  // faster, 2048 12%; 512 is not, (336, 96, 1024) 7% slower) or it runs along m over many lines:
  // then tiles collide in L1 and L2.
  const int64_t row_bytes = g.a_row * static_cast<int64_t>(sizeof(T));
  const int64_t col_bytes = g.a_col * static_cast<int64_t>(sizeof(T));
  const bool far =
      g.a_col == 1 ? g.m > kBlocking.apart && row_bytes >= 4096 : g.a_row != 1 || col_bytes > 256;
  c.pack_a = !c.dot && far && g.n > 2 * kPanel<T> && g.m > kBlocking.mr && g.k > 16;
  return c;
}

// A column of C with A along m: the same problem transposed, a row of C.
template <class T>
Gemm<T> straight(const Gemm<T>& g) {
  if (g.n != 1 || g.m == 1 || g.ldc != 1 || g.a_row != 1) return g;
  Gemm<T> t = g;
  t.m = 1;
  t.n = g.m;
  t.a = g.b;
  t.a_row = g.b_col;
  t.a_col = g.b_row;
  t.b = g.a;
  t.b_row = g.a_col;
  t.b_col = g.a_row;
  t.ldc = g.m;
  t.bias_per_row = !g.bias_per_row;
  return t;
}

}  // namespace

template <class T>
int64_t gemm_scratch(const Gemm<T>& given) {
  const Gemm<T> g = straight(given);
  if (g.m <= 0 || g.n <= 0 || g.k <= 0) return 0;
  return tiles_scratch(g, choose(g));
}

template <class T>
void gemm(const Gemm<T>& given, void* scratch) {
  const Gemm<T> g = straight(given);
  if (g.m <= 0 || g.n <= 0) return;
  if (g.k <= 0) {
    if (!g.accumulate)
      for (int64_t i = 0; i < g.m; ++i) __builtin_memset(g.c + i * g.ldc, 0, g.n * sizeof(T));
    return finish(g, 0, g.m, 0, g.n);
  }
  const Choice choice = choose(g);
  if (choice.dot)
    run_dot(g);
  else
    run_tiles(g, choice, scratch);
}

template int64_t gemm_scratch<float>(const Gemm<float>&);
template int64_t gemm_scratch<double>(const Gemm<double>&);
template void gemm<float>(const Gemm<float>&, void*);
template void gemm<double>(const Gemm<double>&, void*);

}  // namespace fastnn::FASTNN_ISA
