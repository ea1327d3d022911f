#include "graph/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "dispatch/isa.h"

namespace fastnn {
namespace {

// Elements of theta a task updates: 64 KiB of float32, so that theta, gradient and two moments of a
// chunk stay within a core's L2.
constexpr int64_t kChunk = 16384;
constexpr double kUpdateCost = 0.4;  // ns an element, Adam from L3 (AMD EPYC)

double scalar(const Arg& arg) {
  return arg.dtype == DType::kFloat64 ? *static_cast<const double*>(arg.data)
                                      : static_cast<double>(*static_cast<const float*>(arg.data));
}

}  // namespace

Training::Training(const Graph& graph, int loss, std::vector<int> metrics, UpdateRule rule,
                   uint64_t seed, void* theta, void* states)
    : graph_(graph), loss_(loss), metrics_(std::move(metrics)), seed_(seed),
      theta_(static_cast<char*>(theta)), states_(states), table_(&table()) {
  set_rule(rule);
  gradient_ = Memory(parameter_bytes());
  for (int i = 0; i < optimizer_->n_state; ++i) optimizer_states_.emplace_back(parameter_bytes());
  cut_chunks();
}

int64_t Training::parameter_bytes() const {
  return graph_.parameter_elements() * size_of(graph_.real());
}

void Training::set_rule(const UpdateRule& rule) {
  rule_ = rule;
  optimizer_ = &find_optimizer(rule.optimizer.c_str(), *table_);
}

// Neighbouring parameters of one kind form one stretch; the cut follows from shapes alone.
void Training::cut_chunks() {
  int64_t begin = 0, end = 0;
  bool weight = false;
  const auto flush = [&] {
    for (int64_t at = begin; at < end; at += kChunk)
      chunks_.push_back({at, std::min(kChunk, end - at), weight});
  };
  const bool same_rule = rule_.l1 == 0 && rule_.l2 == 0;
  for (const Value& v : graph_.values()) {
    if (v.leaf != Leaf::kParameter || !v.trainable) continue;
    if (v.offset != end || (v.weight != weight && !same_rule)) {
      flush();
      begin = v.offset;
    }
    weight = v.weight;
    end = v.offset + elements(v.shape);
  }
  flush();
}

Plan& Training::plan_for(int64_t batch) {
  std::unique_ptr<Plan>& plan = plans_[batch];
  if (!plan) {
    std::vector<int> outputs = metrics_;
    outputs.push_back(loss_);
    PlanOptions options;
    options.batch = batch;
    options.training = true;
    options.loss = loss_;
    options.seed = seed_;
    plan = std::make_unique<Plan>(graph_, outputs, options, Storage{theta_, gradient_.data(), states_},
                                  &step_);
  }
  return *plan;
}

double Training::squared_gradient() {
  const int dtype = graph_.real() == DType::kFloat64;
  const int64_t bytes = size_of(graph_.real());
  parallel(static_cast<int64_t>(chunks_.size()), 0.1 * graph_.parameter_elements(), [&](int64_t i) {
    Chunk& c = chunks_[i];
    const char* g = gradient_.data() + c.offset * bytes;
    c.sum = dtype ? 0 : 0;
    if (dtype)
      for (int64_t j = 0; j < c.n; ++j) c.sum += reinterpret_cast<const double*>(g)[j] * reinterpret_cast<const double*>(g)[j];
    else
      for (int64_t j = 0; j < c.n; ++j) c.sum += reinterpret_cast<const float*>(g)[j] * reinterpret_cast<const float*>(g)[j];
  });
  double sum = 0;
  for (const Chunk& c : chunks_) sum += c.sum;
  return sum;
}

double Training::update(double lr, double grad_scale) {
  const int dtype = graph_.real() == DType::kFloat64;
  const int64_t bytes = size_of(graph_.real());
  parallel(static_cast<int64_t>(chunks_.size()), kUpdateCost * graph_.parameter_elements(),
           [&](int64_t i) {
             Chunk& c = chunks_[i];
             Update u{};
             u.n = c.n;
             u.theta = theta_ + c.offset * bytes;
             u.grad = gradient_.data() + c.offset * bytes;
             for (int s = 0; s < optimizer_->n_state; ++s)
               u.state[s] = optimizer_states_[s].data() + c.offset * bytes;
             u.lr = lr;
             for (size_t h = 0; h < rule_.hyper.size(); ++h) u.hyper[h] = rule_.hyper[h];
             u.l1 = c.weight ? rule_.l1 : 0;
             u.l2 = c.weight ? rule_.l2 : 0;
             u.grad_scale = grad_scale;
             u.step = static_cast<int64_t>(step_) + 1;
             optimizer_->update[dtype](u);
             c.sum = u.penalty;
           });
  double penalty = 0;
  for (const Chunk& c : chunks_) penalty += c.sum;
  return penalty;
}

// False where the loss or the gradient is not finite: theta is then as before the step.
bool Training::one_step(Plan& plan, double lr, bool update_theta, Progress& progress) {
  plan.forward();
  const double loss = scalar(plan.value(loss_));
  if (!std::isfinite(loss)) return false;
  plan.backward();
  const double squared = squared_gradient();
  if (!std::isfinite(squared)) return false;
  double penalty = 0;
  if (update_theta) {
    const double norm = std::sqrt(squared);
    const double scale = rule_.clip_norm > 0 && norm > rule_.clip_norm ? rule_.clip_norm / norm : 1;
    plan.update_states();
    penalty = update(lr, scale);
    ++step_;
  }
  const double rows = static_cast<double>(plan.batch());
  progress.loss += (loss + penalty) * rows;
  for (size_t i = 0; i < metrics_.size(); ++i)
    progress.metrics[i] += scalar(plan.value(metrics_[i])) * rows;
  progress.rows += plan.batch();
  ++progress.steps;
  return true;
}

Progress Training::run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n,
                       int64_t batch, const double* lr, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(seconds));
  Progress progress;
  progress.metrics.assign(metrics_.size(), 0);
  for (int64_t at = 0; at < n; at += batch) {
    if (at && Clock::now() >= deadline) {
      progress.stop = Stop::kTime;
      break;
    }
    const int64_t rows = std::min(batch, n - at);
    Plan& plan = plan_for(rows);
    for (const Feed& feed : feeds)
      if (void* to = plan.own_input(feed.input))
        gather(feed, order + at, 0, rows, graph_.values()[feed.input].dtype, to);
    if (!one_step(plan, lr[progress.steps], true, progress)) {
      progress.stop = Stop::kNotFinite;
      break;
    }
  }
  if (progress.rows) {
    progress.loss /= static_cast<double>(progress.rows);
    for (double& m : progress.metrics) m /= static_cast<double>(progress.rows);
  }
  return progress;
}

Progress Training::step(const std::vector<std::pair<int, const void*>>& inputs, int64_t rows,
                        double lr, bool update) {
  Progress progress;
  progress.metrics.assign(metrics_.size(), 0);
  Plan& plan = plan_for(rows);
  for (const auto& [input, data] : inputs) plan.bind(input, data);
  if (!one_step(plan, lr, update, progress)) {
    progress.stop = Stop::kNotFinite;
    return progress;
  }
  progress.loss /= static_cast<double>(rows);
  for (double& m : progress.metrics) m /= static_cast<double>(rows);
  return progress;
}

}  // namespace fastnn
