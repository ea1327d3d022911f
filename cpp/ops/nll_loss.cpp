// Negative log-likelihood of log-probabilities over the last axis, averaged over the batch:
//   loss = -1/N sum y log_p          Backward:  dlog_p = -y / N
#include "ops/class_cost.h"

namespace fastnn::FASTNN_ISA {
namespace {

struct NllLoss {
  static constexpr const char* kPrediction = "log_p";
  static constexpr double kCost = 0.3;

  template <class T>
  static inline T value(T log_p) {
    return -log_p;
  }
  template <class T>
  static inline T slope(T) {
    return T(-1);
  }
};

}  // namespace
extern const Op nll_loss;
const Op nll_loss = op_of<ClassCost<NllLoss>>("nll_loss");
}  // namespace fastnn::FASTNN_ISA
