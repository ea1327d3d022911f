#include "graph/inference.h"

#include <algorithm>
#include <cstring>

#include "base/interrupt.h"
#include "base/parallel.h"

namespace fastnn {
namespace {

constexpr size_t kIdlePlans = 8;  // batch sizes remembered
const uint64_t kNoSteps = 0;
// Each call gathers its threads anew and waits for them at its end, a time slice of 4 ms where
// another process holds their core. So a thread must bring so many times what it must in training,
// 1.5 ms as Plan::cost counts (ResNet-20, one sample, 2 threads, other core busy: 8.0 ms instead of
// 0.65).
constexpr double kGathering = 50;

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

std::unique_ptr<Plan> Inference::take(int64_t batch) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto plan = idle_.begin(); plan != idle_.end(); ++plan)
      if ((*plan)->batch() == batch) {
        std::unique_ptr<Plan> found = std::move(*plan);
        idle_.erase(plan);
        return found;
      }
  }
  return make(batch);
}

std::unique_ptr<Plan> Inference::make(int64_t batch) const {
  PlanOptions options;
  options.batch = batch;
  return std::make_unique<Plan>(graph_, outputs_, options, storage_, &kNoSteps);
}

void Inference::give_back(std::unique_ptr<Plan> plan) {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_front(std::move(plan));
  if (idle_.size() > kIdlePlans) idle_.pop_back();
}

Arg Inference::output(int i, int64_t n) {
  Arg arg;
  arg.shape = graph_.values()[outputs_[i]].shape;
  arg.dtype = graph_.values()[outputs_[i]].dtype;
  if (has_rows(graph_, outputs_[i])) arg.shape.dims[0] = n;
  return arg;
}

void Inference::run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n, int64_t batch,
                    void* const* rows, double* means) {
  std::fill(means, means + outputs_.size(), 0.0);
  std::unique_ptr<Plan> plan;
  for (int64_t at = 0; at < n; at += batch) {
    if (at) check_interrupt();
    const int64_t count = std::min(batch, n - at);
    if (!plan || plan->batch() != count) {
      if (plan) give_back(std::move(plan));
      plan = take(count);
    }
    for (const Feed& feed : feeds) {
      const DType to = graph_.values()[feed.input].dtype;
      if (!order && feed.dtype == to && feed.scale == 1 && feed.offset == 0)
        plan->bind(feed.input,
                   static_cast<const char*>(feed.data) + at * feed.row_elements * size_of(to));
      else if (void* own = plan->own_input(feed.input))
        gather(feed, order ? order + at : nullptr, at, count, to, own);
    }
    with_threads(plan->cost() / kGathering, [&] { plan->forward(); });
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
  if (plan) give_back(std::move(plan));
}

}  // namespace fastnn
