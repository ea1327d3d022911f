#include "graph/plan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/interrupt.h"
#include "dispatch/isa.h"
#include "graph/fuse.h"

namespace fastnn {
namespace {

// Below this a forward run is over in a millisecond: Ctrl-C can wait for its end.
constexpr double kLongRun = 1e7;  // flops

template <class T>
bool all_finite(const void* data, int64_t n) {
  const T* x = static_cast<const T*>(data);
  return std::all_of(x, x + n, [](T v) { return std::isfinite(v); });
}

bool finite(const Arg& arg, const void* data) {
  const int64_t n = elements(arg.shape);
  if (arg.dtype == DType::kFloat32) return all_finite<float>(data, n);
  if (arg.dtype == DType::kFloat64) return all_finite<double>(data, n);
  return true;
}

}  // namespace

Plan::Plan(const Graph& graph, const std::vector<int>& outputs, const PlanOptions& options,
           const Storage& storage, const uint64_t* step_counter)
    : graph_(graph), options_(options), storage_(storage) {
  std::vector<int> wanted = outputs;
  if (options.loss >= 0) wanted.push_back(options.loss);
  if (options.training)
    for (const auto& [state, value] : graph.updates()) wanted.push_back(value);
  const bool is_inference = !options.training && options.loss < 0;
  const Program program =
      options.keep_all ? needed(graph, wanted) : fuse(graph, wanted, is_inference);
  const size_t n_values = program.shapes.size();
  requires_.assign(n_values, false);
  has_gradient_.assign(n_values, false);
  view_of_.assign(n_values, -1);
  location_.assign(n_values, -1);
  value_buffer_.assign(n_values, -1);
  gradient_buffer_.assign(n_values, -1);
  input_uses_.resize(n_values);
  own_inputs_.resize(n_values);
  bounded_.resize(n_values);
  args_.reserve(n_values);
  compile_steps(program.nodes);
  for (const int id : wanted)
    if (location_[id] < 0) {  // a leaf that no step reads
      Arg arg;
      arg.shape = origin(id).shape;
      if (arg.shape.rank && arg.shape.dims[0] == kBatch) arg.shape.dims[0] = options.batch;
      arg.dtype = origin(id).dtype;
      location_[id] = static_cast<int>(args_.size());
      args_.push_back(arg);
    }
  for (auto& step : steps_) {
    step->node.step = step_counter;
    step->node.key.seed = options.seed;
  }
  if (options.loss >= 0) find_gradients();
  if (options.descents != Descents::kNone) find_descents();
  if (options.loss >= 0 && !options.keep_all) find_bf16(wanted);
  lay_out(wanted);
  if (options.training &&
      std::any_of(graph.updates().begin(), graph.updates().end(),
                  [this](const auto& update) { return is_state(update.second); }))
    before_ = Memory(graph.state_elements() * size_of(graph.real()));
  long_ = flops() > kLongRun;
}

// The graph's value; those that the plan has made of its own are computed like most.
const Value& Plan::origin(int id) const {
  static const Value kComputed;
  return id < static_cast<int>(graph_.values().size()) ? graph_.values()[id] : kComputed;
}

// Shape rules again, now with the batch size; every leaf and output gets its Arg.
void Plan::compile_steps(const std::vector<GraphNode>& nodes) {
  for (const GraphNode& g : nodes) {
    std::vector<Arg> in;
    for (const int id : g.in) {
      if (location_[id] < 0) {
        const Value& v = origin(id);
        Arg arg;
        arg.shape = v.shape;
        if (v.leaf == Leaf::kInput && arg.shape.rank) arg.shape.dims[0] = options_.batch;
        arg.dtype = v.dtype;
        location_[id] = static_cast<int>(args_.size());
        args_.push_back(arg);
      }
      in.push_back(args_[location_[id]]);
    }
    auto step = std::make_unique<Step>(find_op(g.op.c_str(), table()), g.where, std::move(in),
                                       g.attrs, options_.training, options_.precision);
    step->node.key.stream = g.stream;
    step->node.callback = g.callback;
    step->infer();
    for (int i = 0; i < step->node.n_out; ++i) {
      location_[g.out[i]] = static_cast<int>(args_.size());
      args_.push_back(step->node.out[i]);
    }
    if (step->node.is_view) view_of_[g.out[0]] = g.in[0];
    in_ids_.push_back(g.in);
    out_ids_.push_back(g.out);
    steps_.push_back(std::move(step));
  }
}

// Which values a gradient reaches, which steps run backward, and who adds to a gradient instead of
// writing it.
void Plan::find_gradients() {
  for (size_t id = 0; id < requires_.size(); ++id) {
    const Value& v = origin(static_cast<int>(id));
    requires_[id] =
        v.trainable || (options_.input_gradients && v.leaf == Leaf::kInput && is_real(v.dtype));
  }
  for (size_t s = 0; s < steps_.size(); ++s)
    for (const int in : in_ids_[s])
      if (requires_[in] && steps_[s]->has_backward())
        for (const int out : out_ids_[s])
          if (is_real(args_[location_[out]].dtype)) requires_[out] = true;

  active_.assign(steps_.size(), false);
  passes_dy_.assign(steps_.size(), false);
  has_gradient_[options_.loss] = true;
  for (int s = static_cast<int>(steps_.size()) - 1; s >= 0; --s) {
    Node& node = steps_[s]->node;
    const auto reached = [&](int id) { return has_gradient_[id] && requires_[id]; };
    if (std::none_of(out_ids_[s].begin(), out_ids_[s].end(), reached)) continue;
    if (node.forward_only) fail(node.where, "operands must be those of training for a gradient");
    active_[s] = true;
    // Of a view that writes dx first; others may add to it, for nobody reads dy any more.
    const int from = in_ids_[s][0];
    passes_dy_[s] = node.is_view && !options_.keep_all && !has_gradient_[from] &&
                    origin(from).leaf == Leaf::kNone;
    if (!passes_dy_[s]) reverse_.push_back(steps_[s].get());
    for (int i = 0; i < node.n_in; ++i) {
      const int id = in_ids_[s][i];
      if (!requires_[id]) continue;
      node.in[i].accumulate = has_gradient_[id];
      has_gradient_[id] = true;
    }
  }
}

// A weight that one step alone reads can be moved by it, once all gradients of values are there.
void Plan::find_descents() {
  constexpr int64_t kMostScratch = 8 << 20;
  const bool is_plain = options_.descents == Descents::kPlain;
  std::vector<int> uses(args_.size(), 0);
  for (const std::vector<int>& ids : in_ids_)
    for (const int id : ids) ++uses[location_[id]];
  for (size_t s = 0; s < steps_.size(); ++s) {
    Node& node = steps_[s]->node;
    if (!active_[s] || !steps_[s]->descent() || !node.can_descend) continue;
    const int weight = in_ids_[s][1];
    if (origin(weight).leaf != Leaf::kParameter || !requires_[weight]) continue;
    if (uses[location_[weight]] > 1) continue;
    if (is_plain)
      node.descent_bytes = 0;  // the product's own
    else if (elements(node.in[1].shape) < kLargeWeight || node.descent_bytes > kMostScratch)
      continue;
    node.descends = true;
    descending_.push_back({steps_[s].get(), weight});
    bounded_[root(in_ids_[s][0])] = true;
  }
}

bool Plan::is_state(int id) const { return origin(root(id)).leaf == Leaf::kState; }

int Plan::root(int id) const {
  while (view_of_[id] >= 0) id = view_of_[id];
  return id;
}

void Plan::bind(int input, const void* data) {
  for (Arg* arg : input_uses_[input]) {
    arg->data = const_cast<void*>(data);
    arg->largest = -1;
  }
  for (size_t id = 0; id < location_.size(); ++id)
    if (location_[id] >= 0 && root(static_cast<int>(id)) == input)
      args_[location_[id]].data = const_cast<void*>(data);
}

void* Plan::own_input(int input) {
  if (location_[input] < 0) return nullptr;
  if (!own_inputs_[input].data()) {
    const Arg& arg = args_[location_[input]];
    own_inputs_[input] = Memory(std::max<int64_t>(elements(arg.shape) * size_of(arg.dtype), 64));
  }
  bind(input, own_inputs_[input].data());
  return own_inputs_[input].data();
}

void Plan::gather(const Feed& feed, const int64_t* order, int64_t first) {
  void* const own = own_input(feed.input);
  if (!own) return;
  double largest = -1;
  fastnn::gather(feed, order, first, options_.batch, origin(feed.input).dtype, own,
                 bounded_[feed.input] ? &largest : nullptr);
  for (Arg* arg : input_uses_[feed.input]) arg->largest = largest;
}

void Plan::forward() {
  for (const auto& step : steps_) {
    if (long_) check_interrupt();
    if (!step->node.is_view) step->forward();
  }
}

void Plan::begin_backward() {
  const Arg& loss = args_[location_[options_.loss]];
  if (graph_.real() == DType::kFloat64)
    *static_cast<double*>(loss.grad) = 1;
  else
    *static_cast<float*>(loss.grad) = 1;
}

void Plan::backward() {
  begin_backward();
  for (const Step* step : reverse_) {
    if (long_) check_interrupt();
    step->backward();
  }
}

double Plan::bound() const {
  double most = 0;
  for (const Descending& one : descending_) {
    const double bound = one.step->descent()->bound(one.step->node);
    if (!(bound <= most)) most = bound;  // NaN too, and for good
    if (std::isnan(most)) return most;
  }
  return most;
}

std::vector<Plan::StepTime> Plan::measure(int runs) {
  using Clock = std::chrono::steady_clock;
  std::vector<StepTime> times(steps_.size());
  Clock::time_point last = Clock::now();
  const auto lap = [&] {
    const Clock::time_point before = last;
    last = Clock::now();
    return std::chrono::duration<double>(last - before).count();
  };
  for (int run = 0; run < runs; ++run) {
    lap();
    for (size_t s = 0; s < steps_.size(); ++s) {
      if (!steps_[s]->node.is_view) steps_[s]->forward();
      times[s].forward += lap() / runs;
    }
    if (options_.loss < 0) continue;
    begin_backward();
    for (size_t s = steps_.size(); s-- > 0;) {
      if (!active_[s] || passes_dy_[s]) continue;
      lap();
      steps_[s]->backward();
      times[s].backward += lap() / runs;
    }
  }
  return times;
}

void Plan::update_states() {
  char* const states = static_cast<char*>(storage_.states);
  if (before_.bytes()) std::memcpy(before_.data(), states, before_.bytes());
  for (const auto& [state, id] : graph_.updates()) {
    const Value& s = graph_.values()[state];
    const char* from = static_cast<const char*>(value(id).data);
    if (is_state(id)) from = before_.data() + (from - states);
    std::memcpy(states + s.offset * size_of(s.dtype), from, elements(s.shape) * size_of(s.dtype));
  }
}

const Arg& Plan::value(int id) const {
  if (id < 0 || id >= static_cast<int>(location_.size()) || location_[id] < 0)
    fail("Plan", "value must be one that this plan computes, got %d", id);
  return args_[location_[id]];
}

double Plan::flops() const {
  double total = 0;
  for (const auto& step : steps_) total += step->node.flops;
  return total;
}

double Plan::cost() const {
  // For every instruction set and dtype alike: a third of what products of float32 reach with AVX2
  // and AVX-512 (Blocking::fma_per_ns). What is worth threads was measured in this unit.
  constexpr double kFlopsPerNs = 40;
  return flops() * (options_.loss >= 0 ? 3 : 1) / kFlopsPerNs;
}

std::string Plan::first_not_finite() const {
  for (const auto& step : steps_)
    for (int i = 0; i < step->node.n_out; ++i)
      if (!finite(step->node.out[i], step->node.out[i].data)) return step->node.where;
  return "";
}

std::string Plan::first_gradient_not_finite() const {
  for (const Step* step : reverse_)
    for (int i = 0; i < step->node.n_in; ++i)
      if (step->node.in[i].grad && !finite(step->node.in[i], step->node.in[i].grad))
        return step->node.where;
  return "";
}

}  // namespace fastnn
