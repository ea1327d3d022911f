#include "graph/inference.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/interrupt.h"
#include "base/parallel.h"

namespace fastnn {
namespace {

constexpr size_t kIdlePlans = 8;  // batch sizes remembered
const uint64_t kNoSteps = 0;
// Each call gathers its threads anew and waits for them at its end, a time slice of 4 ms where
// another process holds their core (ResNet-20, one sample, 2 threads, other core busy: 12 times as
// long). So a thread must bring many times what it must in training, in the unit of Plan::cost:
// kSure to be sure, kTried for both ways to be tried out.
constexpr double kSure = 50, kTried = 8;

bool has_rows(const Graph& graph, int id) {
  const Shape& s = graph.values()[id].shape;
  return s.rank > 0 && s.dims[0] == kBatch;
}

}  // namespace

Inference::Inference(const Graph& graph, std::vector<int> outputs, void* theta, void* states)
    : graph_(graph), outputs_(std::move(outputs)) {
  storage_.theta = theta;
  storage_.states = states;
}

Inference::Ready Inference::take(int64_t batch) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto ready = idle_.begin(); ready != idle_.end(); ++ready)
      if (ready->plan->batch() == batch) {
        Ready found = std::move(*ready);
        idle_.erase(ready);
        return found;
      }
  }
  return {make(batch), {}};
}

std::unique_ptr<Plan> Inference::make(int64_t batch) const {
  PlanOptions options;
  options.batch = batch;
  return std::make_unique<Plan>(graph_, outputs_, options, storage_, &kNoSteps);
}

void Inference::give_back(Ready ready) {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_front(std::move(ready));
  if (idle_.size() > kIdlePlans) idle_.pop_back();
}

Arg Inference::output(int i, int64_t n) {
  Arg arg;
  arg.shape = graph_.values()[outputs_[i]].shape;
  arg.dtype = graph_.values()[outputs_[i]].dtype;
  if (has_rows(graph_, outputs_[i])) arg.shape.dims[0] = n;
  return arg;
}

void Inference::forward(Ready& ready) {
  using Clock = std::chrono::steady_clock;
  const double cost = ready.plan->cost();
  const auto run = [&] { ready.plan->forward(); };
  if (is_worth_threads(cost / kSure)) return with_threads(cost / kSure, run);
  if (!is_worth_threads(cost / kTried)) return with_threads(0, run);
  const Clock::time_point began = Clock::now();
  with_threads(ready.company.next() ? cost / kTried : 0, run);
  ready.company.took(std::chrono::duration<double, std::nano>(Clock::now() - began).count());
}

void Inference::run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n, int64_t batch,
                    void* const* rows, double* means) {
  std::fill(means, means + outputs_.size(), 0.0);
  Ready ready;
  for (int64_t at = 0; at < n; at += batch) {
    if (at) check_interrupt();
    const int64_t count = std::min(batch, n - at);
    if (!ready.plan || ready.plan->batch() != count) {
      if (ready.plan) give_back(std::move(ready));
      ready = take(count);
    }
    Plan* const plan = ready.plan.get();
    for (const Feed& feed : feeds) {
      const DType to = graph_.values()[feed.input].dtype;
      if (!order && feed.dtype == to && feed.scale == 1 && feed.offset == 0)
        plan->bind(feed.input,
                   static_cast<const char*>(feed.data) + at * feed.row_elements * size_of(to));
      else
        plan->gather(feed, order ? order + at : nullptr, at);
    }
    forward(ready);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Arg& out = plan->value(outputs_[i]);
      const int64_t bytes = elements(out.shape) * size_of(out.dtype);
      if (has_rows(graph_, outputs_[i]))
        std::memcpy(static_cast<char*>(rows[i]) + at * (bytes / count), out.data, bytes);
      else if (out.dtype == DType::kFloat64)
        means[i] += *static_cast<const double*>(out.data) * count / n;
      else if (out.dtype == DType::kFloat32)
        means[i] += static_cast<double>(*static_cast<const float*>(out.data)) * count / n;
    }
  }
  if (ready.plan) give_back(std::move(ready));
}

}  // namespace fastnn
