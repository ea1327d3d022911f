// Stochastic gradient descent:  w <- w - lr (g + l2 w + l1 sign w)
#include "ops/op.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
void update(Update& u) {
  T* w = static_cast<T*>(u.theta);
  const T* g = static_cast<const T*>(u.grad);
  const T lr = static_cast<T>(u.lr), scale = static_cast<T>(u.grad_scale);
#pragma omp simd
  for (int64_t i = 0; i < u.n; ++i) w[i] -= lr * (scale * g[i]);
}

}  // namespace
extern const Optimizer sgd;
const Optimizer sgd{"sgd", "", 0, {update<float>, update<double>}};
}  // namespace fastnn::FASTNN_ISA
