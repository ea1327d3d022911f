// Adagrad:  s <- s + g^2,  w <- w - lr g / (sqrt s + eps)
#include "ops/optimizer.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kEps };

template <class T>
void update(Update& u) {
  T* w = static_cast<T*>(u.theta);
  T* s = state<T>(u, 0);
  const T lr = static_cast<T>(u.lr), eps = static_cast<T>(u.hyper[kEps]);
  sweep<T>(u, 5 * sizeof(T), [=](int64_t i, T g) {
    const T sum = simd::fma(g, g, s[i]);
    s[i] = sum;
    w[i] = simd::fma(-lr, g / (simd::sqrt(sum) + eps), w[i]);
  });
}

int states(const double*) { return 1; }

}  // namespace
extern const Optimizer adagrad;
const Optimizer adagrad{"adagrad", "eps=1e-10", {update<float>, update<double>}, states};
}  // namespace fastnn::FASTNN_ISA
