// AdamW: w <- (1 - lr weight_decay) w before Adam's update; weight_decay is 0 in the
// hyperparameters of a stretch that must not decay (biases, norms).
#include "ops/adam.h"

namespace fastnn::FASTNN_ISA {
namespace {

template <class T>
void update(Update& u) {
  adam_update<T>(u, 1 - u.lr * u.hyper[kWeightDecay]);
}

int states(const double*) { return 2; }

}  // namespace
extern const Optimizer adamw;
const Optimizer adamw{"adamw",
                      "beta1=0.9 beta2=0.999 eps=1e-8 weight_decay=0.01",
                      {update<float>, update<double>},
                      states};
}  // namespace fastnn::FASTNN_ISA
