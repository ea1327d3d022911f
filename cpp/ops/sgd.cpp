// Stochastic gradient descent:  w <- w - lr g
// With momentum m:              v <- m v + g,  w <- w - lr v;  Nesterov:  w <- w - lr (g + m v)
#include "ops/optimizer.h"

namespace fastnn::FASTNN_ISA {
namespace {

enum { kMomentum, kNesterov };

template <class T>
void update(Update& u) {
  T* w = static_cast<T*>(u.theta);
  T* v = state<T>(u, 0);
  const T lr = static_cast<T>(u.lr), m = static_cast<T>(u.hyper[kMomentum]);
  if (m == T(0))
    sweep<T>(u, 3 * sizeof(T), [=](int64_t i, T g) { w[i] = simd::fma(-lr, g, w[i]); });
  else if (u.hyper[kNesterov] == 0)
    sweep<T>(u, 5 * sizeof(T), [=](int64_t i, T g) {
      const T velocity = simd::fma(m, v[i], g);
      v[i] = velocity;
      w[i] = simd::fma(-lr, velocity, w[i]);
    });
  else
    sweep<T>(u, 5 * sizeof(T), [=](int64_t i, T g) {
      const T velocity = simd::fma(m, v[i], g);
      v[i] = velocity;
      w[i] = simd::fma(-lr, simd::fma(m, velocity, g), w[i]);
    });
}

int states(const double* hyper) { return hyper[kMomentum] != 0; }
bool is_plain(const double* hyper) { return hyper[kMomentum] == 0; }

}  // namespace
extern const Optimizer sgd;
const Optimizer sgd{
    "sgd", "momentum=0 nesterov=0", {update<float>, update<double>}, states, is_plain};
}  // namespace fastnn::FASTNN_ISA
