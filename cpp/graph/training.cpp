#include "graph/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/interrupt.h"
#include "base/parallel.h"
#include "dispatch/isa.h"

namespace fastnn {
namespace {

// From here on a parameter is updated by itself: cut in the middle, like the products that read it
// and compute its gradient, each half stays with one core.
constexpr int64_t kLarge = 1 << 16;

double scalar(const Arg& arg) {
  return arg.dtype == DType::kFloat64 ? *static_cast<const double*>(arg.data)
                                      : static_cast<double>(*static_cast<const float*>(arg.data));
}

}  // namespace

Training::Training(const Graph& graph, int loss, std::vector<int> metrics, UpdateRule rule,
                   uint64_t seed, void* theta, void* states, Precision precision)
    : graph_(graph),
      loss_(loss),
      metrics_(std::move(metrics)),
      seed_(seed),
      precision_(precision),
      theta_(static_cast<char*>(theta)),
      states_(states),
      table_(&table()) {
  rule_ = std::move(rule);
  optimizer_ = &find_optimizer(rule_.optimizer.c_str(), *table_);
  set_hyper(*optimizer_, rule_.hyper, hyper_);
  const std::vector<NamedHyper> names = default_hyper(*optimizer_);
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i].first == "weight_decay") decay_ = static_cast<int>(i);
  gradient_ = Memory(parameter_bytes());
  for (int i = 0; i < optimizer_->states(hyper_); ++i)
    optimizer_states_.emplace_back(parameter_bytes());
  sums_.assign(metrics_.size() + 1, 0);
  find_stretches();
}

int64_t Training::parameter_bytes() const {
  return graph_.parameter_elements() * size_of(graph_.real());
}

void Training::find_stretches() {
  const bool one_rule = rule_.l1 == 0 && rule_.l2 == 0 && (decay_ < 0 || hyper_[decay_] == 0);
  for (const Value& v : graph_.values()) {
    if (v.leaf != Leaf::kParameter || !v.trainable) continue;
    const int64_t n = elements(v.shape);
    Stretch* last = stretches_.empty() ? nullptr : &stretches_.back();
    const bool small = last && std::max(last->n, n) < kLarge;
    if (small && last->offset + last->n == v.offset && (one_rule || last->weight == v.weight))
      last->n += n;
    else
      stretches_.push_back({v.offset, n, v.weight});
    if (v.weight && v.shape.rank >= 2 && rule_.max_norm > 0) limited_.push_back(&v);
  }
}

// The plans used last come first; who trains on a hundred batch sizes pays with compilation, not
// with memory.
Plan& Training::plan_for(int64_t batch) {
  constexpr size_t kPlans = 8;
  const auto found = std::find_if(plans_.begin(), plans_.end(),
                                  [&](const auto& plan) { return plan->batch() == batch; });
  if (found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
    return *plans_.front();
  }
  std::vector<int> outputs = metrics_;
  outputs.push_back(loss_);
  PlanOptions options;
  options.batch = batch;
  options.training = true;
  options.loss = loss_;
  options.seed = seed_;
  options.precision = precision_;
  if (plans_.size() == kPlans) plans_.pop_back();
  plans_.push_front(std::make_unique<Plan>(graph_, outputs, options,
                                           Storage{theta_, gradient_.data(), states_}, &step_));
  return *plans_.front();
}

std::vector<int64_t> Training::batch_sizes() const {
  std::vector<int64_t> sizes;
  for (const auto& plan : plans_) sizes.push_back(plan->batch());
  return sizes;
}

double Training::squared_gradient() const {
  const int real = graph_.real() == DType::kFloat64;
  double sum = 0;
  for (const Stretch& s : stretches_)
    sum += table_->vectors->sum_of_squares[real](
        gradient_.data() + s.offset * size_of(graph_.real()), s.n);
  return sum;
}

bool Training::finite_gradient() const {
  const int real = graph_.real() == DType::kFloat64;
  const int64_t bytes = size_of(graph_.real());
  return std::all_of(stretches_.begin(), stretches_.end(), [&](const Stretch& s) {
    return table_->vectors->all_finite[real](gradient_.data() + s.offset * bytes, s.n);
  });
}

double Training::update(double lr, double grad_scale) {
  const int real = graph_.real() == DType::kFloat64;
  const int64_t bytes = size_of(graph_.real());
  double penalty = 0;
  for (const Stretch& s : stretches_) {
    Update u{};
    u.n = s.n;
    u.theta = theta_ + s.offset * bytes;
    u.grad = gradient_.data() + s.offset * bytes;
    for (size_t i = 0; i < optimizer_states_.size(); ++i)
      u.state[i] = optimizer_states_[i].data() + s.offset * bytes;
    u.lr = lr;
    std::copy(std::begin(hyper_), std::end(hyper_), u.hyper);
    if (decay_ >= 0 && !s.weight) u.hyper[decay_] = 0;
    u.l1 = s.weight ? rule_.l1 : 0;
    u.l2 = s.weight ? rule_.l2 : 0;
    u.grad_scale = grad_scale;
    u.step = static_cast<int64_t>(step_) + 1;
    optimizer_->update[real](u);
    penalty += u.penalty;
  }
  limit_norms();
  return penalty;
}

void Training::limit_norms() {
  for (const Value* w : limited_)
    table_->vectors->max_norm[graph_.real() == DType::kFloat64](
        theta_ + w->offset * size_of(graph_.real()), w->shape[0], elements(w->shape, 1),
        rule_.max_norm);
}

// Ctrl-C and errors of Python code end a step before its update; the update is done whole.
// False where the loss or the gradient is not finite: theta is then as before the step.
bool Training::one_step(Plan& plan, double lr, bool update_theta, Progress& progress) {
  plan.forward();
  const double loss = scalar(plan.value(loss_));
  if (!std::isfinite(loss)) return false;
  plan.backward();
  double scale = 1;
  if (rule_.clip_norm > 0) {
    const double norm = std::sqrt(squared_gradient());
    if (!std::isfinite(norm)) return false;
    if (norm > rule_.clip_norm) scale = rule_.clip_norm / norm;
  } else if (!finite_gradient()) {
    return false;
  }
  double penalty = 0;
  if (update_theta) {
    const Uninterrupted whole;
    plan.update_states();
    penalty = update(lr, scale);
    ++step_;
  }
  const double rows = static_cast<double>(plan.batch());
  sums_[0] += (loss + penalty) * rows;
  for (size_t i = 0; i < metrics_.size(); ++i)
    sums_[i + 1] += scalar(plan.value(metrics_[i])) * rows;
  progress.rows += plan.batch();
  ++progress.steps;
  return true;
}

Progress Training::run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n,
                       int64_t batch, const double* lr, double seconds, const double* sums) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(seconds));
  Progress progress;
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i] = sums ? sums[i] : 0;
  const auto steps = [&] {
    for (int64_t at = 0; at < n; at += batch) {
      if (at && Clock::now() >= deadline) {
        progress.stop = Stop::kTime;
        return;
      }
      if (at) check_interrupt();
      const int64_t rows = std::min(batch, n - at);
      Plan& plan = plan_for(rows);
      for (const Feed& feed : feeds)
        if (void* to = plan.own_input(feed.input))
          gather(feed, order + at, 0, rows, graph_.values()[feed.input].dtype, to);
      if (!one_step(plan, lr[progress.steps], true, progress)) {
        progress.stop = Stop::kNotFinite;
        return;
      }
    }
  };
  try {
    if (n > 0) with_threads(plan_for(std::min(batch, n)).cost(), steps);
  } catch (...) {  // the steps before are done, and the caller must know
    progress.stop = Stop::kError;
    progress.error = std::current_exception();
  }
  return progress;
}

Progress Training::step(const std::vector<std::pair<int, const void*>>& inputs, int64_t rows,
                        double lr, bool update) {
  Progress progress;
  std::fill(sums_.begin(), sums_.end(), 0.0);
  Plan& plan = plan_for(rows);
  for (const auto& [input, data] : inputs) plan.bind(input, data);
  with_threads(plan.cost(), [&] {
    if (!one_step(plan, lr, update, progress)) progress.stop = Stop::kNotFinite;
  });
  return progress;
}

std::vector<Plan::StepTime> Training::measure(int64_t batch, int runs) {
  std::vector<Plan::StepTime> times;
  Plan& plan = plan_for(batch);
  with_threads(plan.cost(), [&] { times = plan.measure(runs); });
  return times;
}

}  // namespace fastnn
