// Adam: see adam.h.
#include "ops/adam.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
void update(Update& u) {
  adam_update<T>(u, 1);
}

int states(const double*) { return 2; }

}  // namespace
extern const Optimizer adam;
const Optimizer adam{
    "adam", "beta1=0.9 beta2=0.999 eps=1e-8", {update<float>, update<double>}, states};
}  // namespace fastnn::FASTNN_ISA
