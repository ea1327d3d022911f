#include "graph/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/ahead.h"
#include "base/interrupt.h"
#include "base/parallel.h"
#include "dispatch/isa.h"

namespace fastnn {
namespace {

// A bound below it, and sums that stay within the bound, are far from overflow in the model's
// dtype.
double surely_finite(DType real) { return real == DType::kFloat64 ? 0x1p1020 : 0x1p124; }

double scalar(const Arg& arg) {
  return arg.dtype == DType::kFloat64 ? *static_cast<const double*>(arg.data)
                                      : static_cast<double>(*static_cast<const float*>(arg.data));
}

// Of the feed with the longest rows.
Ahead rows_ahead(const std::vector<Feed>& feeds, int64_t batch) {
  const auto bytes = [](const Feed& f) { return f.row_elements * size_of(f.dtype); };
  const auto longest =
      std::max_element(feeds.begin(), feeds.end(),
                       [&](const Feed& a, const Feed& b) { return bytes(a) < bytes(b); });
  if (longest == feeds.end()) return {nullptr, 0, 0, 0};
  return {longest->data, longest->rows, bytes(*longest), batch};
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
  descents_ = descents_by_rule();
  for (const Value& v : graph_.values())
    if (v.leaf == Leaf::kParameter && v.trainable && v.weight && v.shape.rank >= 2 &&
        rule_.max_norm > 0)
      limited_.push_back(&v);
}

int64_t Training::parameter_bytes() const {
  return graph_.parameter_elements() * size_of(graph_.real());
}

// Clipping needs all gradients before the first update.
Descents Training::descents_by_rule() const {
  if (rule_.clip_norm > 0) return Descents::kNone;
  return is_plain(*optimizer_, update_of({0, 0, true}, 0, 1)) ? Descents::kPlain : Descents::kLarge;
}

std::vector<Training::Stretch> Training::stretches_without(
    const std::vector<Plan::Descending>& descending) const {
  const bool one_rule = rule_.l1 == 0 && rule_.l2 == 0 && (decay_ < 0 || hyper_[decay_] == 0);
  std::vector<Stretch> stretches;
  for (int id = 0; id < static_cast<int>(graph_.values().size()); ++id) {
    const Value& v = graph_.values()[id];
    if (v.leaf != Leaf::kParameter || !v.trainable) continue;
    if (std::any_of(descending.begin(), descending.end(),
                    [id](const Plan::Descending& one) { return one.weight == id; }))
      continue;
    const int64_t n = elements(v.shape);
    Stretch* last = stretches.empty() ? nullptr : &stretches.back();
    const bool small = last && std::max(last->n, n) < kLargeWeight;
    if (small && last->offset + last->n == v.offset && (one_rule || last->weight == v.weight))
      last->n += n;
    else
      stretches.push_back({v.offset, n, v.weight});
  }
  return stretches;
}

// The plans used last come first; who trains on a hundred batch sizes pays with compilation, not
// with memory.
Training::Compiled& Training::compiled_for(int64_t batch, bool descent) {
  constexpr size_t kPlans = 8;
  descent = descent && descents_ != Descents::kNone;
  const auto found = std::find_if(compiled_.begin(), compiled_.end(), [&](const auto& one) {
    return one->plan.batch() == batch && one->descent == descent;
  });
  if (found != compiled_.end()) {
    compiled_.splice(compiled_.begin(), compiled_, found);
    return *compiled_.front();
  }
  std::vector<int> outputs = metrics_;
  outputs.push_back(loss_);
  PlanOptions options;
  options.batch = batch;
  options.training = true;
  options.loss = loss_;
  options.seed = seed_;
  options.precision = precision_;
  options.descents = descent ? descents_ : Descents::kNone;
  if (compiled_.size() == kPlans) compiled_.pop_back();
  const Storage storage{theta_, gradient_.data(), states_};
  compiled_.emplace_front(
      new Compiled{Plan(graph_, outputs, options, storage, &step_), descent, {}});
  Compiled& one = *compiled_.front();
  one.stretches = stretches_without(one.plan.descending());
  return one;
}

std::vector<int64_t> Training::batch_sizes() const {
  std::vector<int64_t> sizes;
  for (const auto& one : compiled_)
    if (std::find(sizes.begin(), sizes.end(), one->plan.batch()) == sizes.end())
      sizes.push_back(one->plan.batch());
  return sizes;
}

double Training::squared_gradient(const std::vector<Stretch>& stretches) const {
  const int real = graph_.real() == DType::kFloat64;
  double sum = 0;
  for (const Stretch& s : stretches)
    sum += table_->vectors->sum_of_squares[real](
        gradient_.data() + s.offset * size_of(graph_.real()), s.n);
  return sum;
}

bool Training::finite_gradient(const std::vector<Stretch>& stretches) const {
  const int real = graph_.real() == DType::kFloat64;
  const int64_t bytes = size_of(graph_.real());
  return std::all_of(stretches.begin(), stretches.end(), [&](const Stretch& s) {
    return table_->vectors->all_finite[real](gradient_.data() + s.offset * bytes, s.n);
  });
}

Update Training::update_of(const Stretch& s, double lr, double grad_scale) const {
  const int64_t bytes = size_of(graph_.real());
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
  return u;
}

double Training::update(Compiled& compiled, double lr, double grad_scale) {
  const int real = graph_.real() == DType::kFloat64;
  double penalty = 0;
  for (const Plan::Descending& one : compiled.plan.descending()) {
    const Value& w = graph_.values()[one.weight];
    Update u = update_of({w.offset, elements(w.shape), w.weight}, lr, grad_scale);
    one.step->descent()->run(one.step->node, *optimizer_, u);
    penalty += u.penalty;
  }
  for (const Stretch& s : compiled.stretches) {
    Update u = update_of(s, lr, grad_scale);
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

// One step on the rows that fill(plan) brings. False where the loss or the gradient is not finite:
// theta is then as before the step.
template <class Fill>
bool Training::one_step(int64_t rows, const Fill& fill, double lr, bool update_theta,
                        Progress& progress) {
  for (const bool descent : {update_theta, false}) {
    Compiled& compiled = compiled_for(rows, descent);
    fill(compiled.plan);
    const Outcome outcome = try_step(compiled, lr, update_theta, progress);
    if (outcome != Outcome::kUnsure) return outcome == Outcome::kDone;
  }
  return false;
}

// Ctrl-C and errors of Python code end a step before its update; the update is done whole.
Training::Outcome Training::try_step(Compiled& compiled, double lr, bool update_theta,
                                     Progress& progress) {
  Plan& plan = compiled.plan;
  plan.forward();
  const double loss = scalar(plan.value(loss_));
  if (!std::isfinite(loss)) return Outcome::kNotFinite;
  plan.backward();
  double scale = 1;
  if (rule_.clip_norm > 0) {
    const double norm = std::sqrt(squared_gradient(compiled.stretches));
    if (!std::isfinite(norm)) return Outcome::kNotFinite;
    if (norm > rule_.clip_norm) scale = rule_.clip_norm / norm;
  } else if (!finite_gradient(compiled.stretches)) {
    return Outcome::kNotFinite;
  } else if (!(plan.bound() * std::max(1.0, std::fabs(lr)) < surely_finite(graph_.real()))) {
    return Outcome::kUnsure;
  }
  double penalty = 0;
  if (update_theta) {
    const Uninterrupted whole;
    penalty = update(compiled, lr, scale);
    plan.update_states();  // last: a product of the update may read the state before
    ++step_;
  }
  const double rows = static_cast<double>(plan.batch());
  sums_[0] += (loss + penalty) * rows;
  for (size_t i = 0; i < metrics_.size(); ++i)
    sums_[i + 1] += scalar(plan.value(metrics_[i])) * rows;
  progress.rows += plan.batch();
  ++progress.steps;
  return Outcome::kDone;
}

Progress Training::run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n,
                       int64_t batch, const double* lr, double seconds, const double* sums) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(seconds));
  Progress progress;
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i] = sums ? sums[i] : 0;
  const auto steps = [&] {
    Ahead ahead = rows_ahead(feeds, std::min(batch, n));
    for (int64_t at = 0; at < n; at += batch) {
      if (at && Clock::now() >= deadline) {
        progress.stop = Stop::kTime;
        return;
      }
      if (at) check_interrupt();
      const int64_t rows = std::min(batch, n - at);
      ahead.want(order + at + rows, std::min(batch, n - at - rows));
      const auto fill = [&](Plan& plan) {
        for (const Feed& feed : feeds) plan.gather(feed, order + at, 0);
      };
      if (!one_step(rows, fill, lr[progress.steps], true, progress)) {
        progress.stop = Stop::kNotFinite;
        return;
      }
    }
  };
  try {
    if (n > 0) with_threads(plan(std::min(batch, n)).cost(), steps);
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
  const auto fill = [&](Plan& plan) {
    for (const auto& [input, data] : inputs) plan.bind(input, data);
  };
  with_threads(compiled_for(rows, update).plan.cost(), [&] {
    if (!one_step(rows, fill, lr, update, progress)) progress.stop = Stop::kNotFinite;
  });
  return progress;
}

std::vector<Plan::StepTime> Training::measure(int64_t batch, int runs) {
  std::vector<Plan::StepTime> times;
  Plan& plan = compiled_for(batch, false).plan;  // gradients of weights are counted there,
  for (int id = 0; id < static_cast<int>(graph_.values().size()); ++id)
    if (graph_.values()[id].leaf == Leaf::kInput) plan.own_input(id);  // of any data
  with_threads(plan.cost(), [&] { times = plan.measure(runs); });
  return times;
}

}  // namespace fastnn
