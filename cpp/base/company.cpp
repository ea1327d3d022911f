#include "base/company.h"

#include <algorithm>

namespace fastnn {
namespace {

constexpr double kFaster = 0.9;    // of the time, to be chosen
constexpr double kHindered = 2.0;  // times as long as alone: the other core is not there
constexpr double kShare = 0.125;   // of the newest run in the mean

}  // namespace

void Company::took(double ns) {
  if (is_trial()) {
    fastest_ = fastest_ > 0 ? std::min(fastest_, ns) : ns;
    if (--left_ == 0 || ns > 2 * kHindered * ns_[chosen_]) end_trial();
    return;
  }
  double& mean = ns_[chosen_];
  slow_ = chosen_ && ns > kHindered * ns_[0] ? slow_ + 1 : 0;
  mean = mean > 0 ? mean + kShare * (std::min(ns, 4 * mean) - mean) : ns;
  if (slow_ == kSlow) {
    interval_ = std::min(2 * interval_, kMost);
    choose(false);
  } else {
    --wait_;
  }
}

void Company::end_trial() {
  const bool better = fastest_ < kFaster * ns_[chosen_];
  interval_ = better ? kLeast : std::min(2 * interval_, kMost);
  if (better) ns_[!chosen_] = fastest_;
  choose(better != chosen_);
}

void Company::choose(bool company) {
  chosen_ = company;
  wait_ = interval_;
  left_ = kTrial;
  fastest_ = 0;
  slow_ = 0;
}

}  // namespace fastnn
