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

constexpr int64_t kHalfBytes = 2;

// Below this a forward run is over in a millisecond: Ctrl-C can wait for its end.
constexpr double kLongRun = 1e7;  // flops

// What is past a mask's bits is read.
bool reads(uint32_t mask, int i) { return i >= 32 || in_mask(mask, i); }

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

int64_t bytes_of(const Arg& arg) {
  return elements(arg.shape) * (arg.half ? kHalfBytes : size_of(arg.dtype));
}
int64_t gradient_bytes_of(const Arg& arg) {
  return elements(arg.shape) * (arg.half_grad ? kHalfBytes : size_of(arg.dtype));
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
  if (options.loss >= 0 && !options.keep_all) find_halves(wanted);
  lay_out(wanted);
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
  has_gradient_[options_.loss] = true;
  for (int s = static_cast<int>(steps_.size()) - 1; s >= 0; --s) {
    Node& node = steps_[s]->node;
    const auto reached = [&](int id) { return has_gradient_[id] && requires_[id]; };
    if (std::none_of(out_ids_[s].begin(), out_ids_[s].end(), reached)) continue;
    if (node.forward_only) fail(node.where, "operands must be those of training for a gradient");
    active_[s] = true;
    reverse_.push_back(steps_[s].get());
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

// What all who read and write it can take as Half lies so: half the memory, and half the time to
// move it. A gradient only where one step alone writes it: sums are not rounded between their
// terms.
void Plan::find_halves(const std::vector<int>& wanted) {
  const size_t count = location_.size();
  std::vector<bool> data(count, false), gradient(count, false);
  std::vector<int> terms(count, 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    const Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_out; ++i) {
      data[out_ids_[s][i]] = in_mask(node.half_out, i);
      gradient[out_ids_[s][i]] = active_[s] && in_mask(node.half_dy, i);
    }
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_in; ++i) {
      const int id = in_ids_[s][i];
      if (!in_mask(node.half_in, i)) data[id] = false;
      if (!active_[s] || !requires_[id]) continue;
      if (!in_mask(node.half_dx, i) || ++terms[id] > 1) gradient[id] = false;
    }
  }
  for (const int id : wanted) data[id] = gradient[id] = false;
  const auto set = [&](Arg& arg, int id) {
    arg.half = data[id];
    arg.half_grad = gradient[id];
  };
  for (size_t id = 0; id < count; ++id)
    if (location_[id] >= 0) set(args_[location_[id]], static_cast<int>(id));
  for (size_t s = 0; s < steps_.size(); ++s) {
    Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_in; ++i) set(node.in[i], in_ids_[s][i]);
    for (int i = 0; i < node.n_out; ++i) set(node.out[i], out_ids_[s][i]);
  }
}

int Plan::root(int id) const {
  while (view_of_[id] >= 0) id = view_of_[id];
  return id;
}

void Plan::lay_out(const std::vector<int>& wanted) {
  std::vector<Buffer> buffers;
  place_values(buffers, wanted);
  if (options_.loss >= 0) place_gradients(buffers);
  // What a step keeps for its reverse run.
  int64_t scratch = 0;
  std::vector<std::pair<Arg*, size_t>> saved;
  for (size_t s = 0; s < steps_.size(); ++s) {
    Node& node = steps_[s]->node;
    const bool reverse = options_.loss >= 0 && active_[s];
    node.owns_dy = reverse && !options_.keep_all;
    scratch = std::max(scratch, scratch_of(node, reverse));
    for (int i = 0; i < node.n_saved; ++i) {
      const int time = static_cast<int>(s);
      saved.emplace_back(&node.saved[i], buffers.size());
      buffers.push_back({bytes_of(node.saved[i]), time, reverse ? backward_time(time) : time});
    }
  }
  if (options_.keep_all)
    for (Buffer& b : buffers) b.first = 0, b.last = 2 * static_cast<int>(steps_.size());
  arena_ = Memory(place(buffers));
  scratch_ = Memory(scratch);
  set_pointers(buffers);
  for (const auto& [arg, buffer] : saved) arg->data = arena_.data() + buffers[buffer].offset;
}

void Plan::place_values(std::vector<Buffer>& buffers, const std::vector<int>& wanted) {
  const int end = 2 * static_cast<int>(steps_.size());
  const auto live = [&](int id, int time) {
    const int buffer = value_buffer_[root(id)];
    if (buffer >= 0) buffers[buffer].last = std::max(buffers[buffer].last, time);
  };
  for (size_t s = 0; s < steps_.size(); ++s) {
    const int time = static_cast<int>(s);
    const Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_out; ++i) {
      const int id = out_ids_[s][i];
      if (view_of_[id] >= 0) continue;
      value_buffer_[id] = static_cast<int>(buffers.size());
      buffers.push_back({bytes_of(node.out[i]), time, time});
    }
    for (const int id : in_ids_[s]) live(id, time);
    if (options_.loss < 0 || !active_[s]) continue;
    for (int i = 0; i < node.n_in; ++i)
      if (reads(node.reads_in, i)) live(in_ids_[s][i], backward_time(time));
    for (int i = 0; i < node.n_out; ++i)
      if (reads(node.reads_out, i)) live(out_ids_[s][i], backward_time(time));
    if (node.descends) live(in_ids_[s][0], end);
  }
  for (const int id : wanted) live(id, end);
}

// A gradient lives from the last consumer's reverse run (the first to write it) to the producer's,
// and that of an input to the end.
void Plan::place_gradients(std::vector<Buffer>& buffers) {
  const int end = 2 * static_cast<int>(steps_.size());
  for (int s = static_cast<int>(steps_.size()) - 1; s >= 0; --s) {
    if (!active_[s]) continue;
    const int time = backward_time(s);
    for (const int id : in_ids_[s]) {
      if (!requires_[id] || origin(id).leaf == Leaf::kParameter) continue;
      if (gradient_buffer_[id] < 0) {
        gradient_buffer_[id] = static_cast<int>(buffers.size());
        const int last = origin(id).leaf == Leaf::kInput ? end : time;
        buffers.push_back({gradient_bytes_of(args_[location_[id]]), time, last});
      }
    }
    for (const int id : out_ids_[s])
      if (gradient_buffer_[id] >= 0)
        buffers[gradient_buffer_[id]].last = steps_[s]->node.descends ? end : time;
  }
  if (gradient_buffer_[options_.loss] < 0) {
    gradient_buffer_[options_.loss] = static_cast<int>(buffers.size());
    buffers.push_back({bytes_of(args_[location_[options_.loss]]), 0, end});
  }
}

void Plan::set_pointers(const std::vector<Buffer>& buffers) {
  for (size_t id = 0; id < location_.size(); ++id) {
    if (location_[id] < 0) continue;
    Arg& arg = args_[location_[id]];
    const Value& v = origin(static_cast<int>(id));
    const int buffer = value_buffer_[root(static_cast<int>(id))];
    if (buffer >= 0) arg.data = arena_.data() + buffers[buffer].offset;
    const int64_t offset = v.offset * size_of(graph_.real());
    if (v.leaf == Leaf::kParameter) arg.data = static_cast<char*>(storage_.theta) + offset;
    if (v.leaf == Leaf::kState) arg.data = static_cast<char*>(storage_.states) + offset;
    if (v.leaf == Leaf::kConstant) arg.data = const_cast<char*>(v.constant.data());
    if (v.leaf == Leaf::kParameter && has_gradient_[id])
      arg.grad = static_cast<char*>(storage_.gradient) + offset;
    if (gradient_buffer_[id] >= 0) arg.grad = arena_.data() + buffers[gradient_buffer_[id]].offset;
  }
  // Views of leaves: the root has its address now.
  for (size_t id = 0; id < location_.size(); ++id)
    if (location_[id] >= 0 && view_of_[id] >= 0) {
      const int from = location_[root(static_cast<int>(id))];
      args_[location_[id]].data = args_[from].data;
    }
  for (size_t s = 0; s < steps_.size(); ++s) {
    Node& node = steps_[s]->node;
    node.scratch = scratch_.data();
    const auto give = [&](Arg& arg, int id) {
      const Arg& from = args_[location_[id]];
      arg.data = from.data;
      arg.grad = options_.loss >= 0 && active_[s] ? from.grad : nullptr;
      input_uses_[root(id)].push_back(&arg);
    };
    for (int i = 0; i < node.n_in; ++i) give(node.in[i], in_ids_[s][i]);
    for (int i = 0; i < node.n_out; ++i) give(node.out[i], out_ids_[s][i]);
  }
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
  if (!own_inputs_[input].data())
    own_inputs_[input] = Memory(std::max<int64_t>(bytes_of(args_[location_[input]]), 64));
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
      if (!active_[s]) continue;
      lap();
      steps_[s]->backward();
      times[s].backward += lap() / runs;
    }
  }
  return times;
}

void Plan::update_states() {
  for (const auto& [state, id] : graph_.updates()) {
    const Value& s = graph_.values()[state];
    std::memcpy(static_cast<char*>(storage_.states) + s.offset * size_of(s.dtype), value(id).data,
                static_cast<size_t>(elements(s.shape) * size_of(s.dtype)));
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
  constexpr double kFlopsPerNs = 40;  // AVX2 at half its peak
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
