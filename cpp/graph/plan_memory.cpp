// Where everything that a Plan computes lies: one arena, from what is live when.
#include <algorithm>

#include "base/parallel.h"
#include "graph/plan.h"

namespace fastnn {
namespace {

constexpr int64_t kBf16Bytes = 2;
// Up to so many bytes the buffers of a training step that several threads share lie apart: a line
// then stays with the core that writes it. Of two that share room, each core's part lies otherwise,
// and lines change cores in each step (LeNet-5 on 2 cores of an EPYC: 1.2% of a step where they
// share L3, 11% where they do not).
constexpr int64_t kApartBytes = 6 << 20;

// What is past a mask's bits is read.
bool reads(uint32_t mask, int i) { return i >= 32 || in_mask(mask, i); }

int64_t bytes_of(const Arg& arg) {
  return elements(arg.shape) * (arg.bf16 ? kBf16Bytes : size_of(arg.dtype));
}
int64_t gradient_bytes_of(const Arg& arg) {
  return elements(arg.shape) * (arg.bf16_grad ? kBf16Bytes : size_of(arg.dtype));
}

}  // namespace

// What all who read and write it can take as Bf16 lies so: half the memory, and half the time to
// move it. A gradient only where one step alone writes it: sums are not rounded between their
// terms.
void Plan::find_bf16(const std::vector<int>& wanted) {
  const size_t count = location_.size();
  std::vector<bool> data(count, false), gradient(count, false);
  std::vector<int> terms(count, 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    const Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_out; ++i) {
      data[out_ids_[s][i]] = in_mask(node.bf16_out, i);
      gradient[out_ids_[s][i]] = active_[s] && in_mask(node.bf16_dy, i);
    }
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_in; ++i) {
      const int id = in_ids_[s][i];
      if (!in_mask(node.bf16_in, i)) data[id] = false;
      if (!active_[s] || !requires_[id]) continue;
      if (!in_mask(node.bf16_dx, i) || ++terms[id] > 1) gradient[id] = false;
    }
  }
  for (const int id : wanted) data[id] = gradient[id] = false;
  const auto set = [&](Arg& arg, int id) {
    arg.bf16 = data[id];
    arg.bf16_grad = gradient[id];
  };
  for (size_t id = 0; id < count; ++id)
    if (location_[id] >= 0) set(args_[location_[id]], static_cast<int>(id));
  for (size_t s = 0; s < steps_.size(); ++s) {
    Node& node = steps_[s]->node;
    for (int i = 0; i < node.n_in; ++i) set(node.in[i], in_ids_[s][i]);
    for (int i = 0; i < node.n_out; ++i) set(node.out[i], out_ids_[s][i]);
  }
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
  int64_t bytes = place_apart(buffers);
  const bool is_shared = options_.loss >= 0 && thread_count() > 1;
  if (!is_shared || bytes > kApartBytes) bytes = place(buffers);
  arena_ = Memory(bytes);
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
  gradient_buffer_[options_.loss] = static_cast<int>(buffers.size());
  buffers.push_back({bytes_of(args_[location_[options_.loss]]), 0, end});
  for (int s = static_cast<int>(steps_.size()) - 1; s >= 0; --s) {
    if (!active_[s]) continue;
    const int time = backward_time(s);
    for (const int id : in_ids_[s]) {
      if (!requires_[id] || origin(id).leaf == Leaf::kParameter) continue;
      if (passes_dy_[s]) {
        gradient_buffer_[id] = gradient_buffer_[out_ids_[s][0]];
      } else if (gradient_buffer_[id] < 0) {
        gradient_buffer_[id] = static_cast<int>(buffers.size());
        const int last = origin(id).leaf == Leaf::kInput ? end : time;
        buffers.push_back({gradient_bytes_of(args_[location_[id]]), time, last});
      }
    }
    for (const int id : out_ids_[s])
      if (gradient_buffer_[id] >= 0 && id != options_.loss)
        buffers[gradient_buffer_[id]].last = steps_[s]->node.descends ? end : time;
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

}  // namespace fastnn
