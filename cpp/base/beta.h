// Numbers of the beta distribution.
#pragma once
#include "base/random.h"

namespace fastnn {

// One number of Beta(a, a), a > 0: the share of one of two gamma numbers (Marsaglia and Tsang, A
// simple method for generating gamma variables, 2000), a function of the arguments alone.
double random_beta(RandomKey key, uint64_t step, double a);

}  // namespace fastnn
