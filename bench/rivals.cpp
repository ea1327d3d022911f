// Each library is opened by itself with RTLD_LOCAL: OpenBLAS and BLIS both export cblas_sgemm.
#include "rivals.h"

#include <dlfcn.h>
#include <omp.h>

namespace fastnn::bench {
namespace {

template <class T>
using Cblas = void (*)(int order, int a_t, int b_t, int m, int n, int k, T alpha, const T* a,
                       int lda, const T* b, int ldb, T beta, T* c, int ldc);
using Dnnl = int (*)(char a_t, char b_t, int64_t m, int64_t n, int64_t k, float alpha,
                     const float* a, int64_t lda, const float* b, int64_t ldb, float beta, float* c,
                     int64_t ldc);

void* g_library[3];
template <class T>
Cblas<T> g_cblas[2];
Dnnl g_dnnl;

template <int kIndex, class T>
void cblas(int64_t m, int64_t n, int64_t k, const T* a, bool a_t, const T* b, bool b_t, T* c) {
  g_cblas<T>[kIndex](101, a_t ? 112 : 111, b_t ? 112 : 111, m, n, k, T(1), a, a_t ? m : k, b,
                     b_t ? k : n, T(0), c, n);
}

void dnnl(int64_t m, int64_t n, int64_t k, const float* a, bool a_t, const float* b, bool b_t,
          float* c) {
  g_dnnl(a_t ? 'T' : 'N', b_t ? 'T' : 'N', m, n, k, 1, a, a_t ? m : k, b, b_t ? k : n, 0, c, n);
}

template <class F>
F symbol(int library, const char* name) {
  return reinterpret_cast<F>(dlsym(g_library[library], name));
}

void openblas_threads(int count) {
  if (auto set = symbol<void (*)(int)>(0, "openblas_set_num_threads")) set(count);
}
void blis_threads(int count) {
  if (auto set = symbol<void (*)(int64_t)>(1, "bli_thread_set_num_threads")) set(count);
}
void openmp_threads(int count) { omp_set_num_threads(count); }

std::vector<Rival> find() {
  std::vector<Rival> found;
  const char* const files[] = {"libopenblas.so.0", "libblis.so.4", "libdnnl.so.2"};
  for (int i = 0; i < 3; ++i) g_library[i] = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
  for (int i = 0; i < 2; ++i) {
    if (!g_library[i]) continue;
    g_cblas<float>[i] = symbol<Cblas<float>>(i, "cblas_sgemm");
    g_cblas<double>[i] = symbol<Cblas<double>>(i, "cblas_dgemm");
    if (!g_cblas<float>[i] || !g_cblas<double>[i]) continue;
    if (i == 0) found.push_back({"openblas", cblas<0, float>, cblas<0, double>, openblas_threads});
    if (i == 1) found.push_back({"blis", cblas<1, float>, cblas<1, double>, blis_threads});
  }
  if (g_library[2] && (g_dnnl = symbol<Dnnl>(2, "dnnl_sgemm")))
    found.push_back({"onednn", dnnl, nullptr, openmp_threads});
  return found;
}

}  // namespace

const std::vector<Rival>& rivals() {
  static const std::vector<Rival> found = find();
  return found;
}

}  // namespace fastnn::bench
