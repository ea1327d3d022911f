// A Graph compiled for one batch size and one mode: the order of fused steps, where each operand
// lives, and one arena. Running it only calls kernels: no allocation, no check, no Python.
// A long run may end with an Error of kind kInterrupt (Ctrl-C) between steps or tasks.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/arena.h"
#include "graph/feed.h"
#include "graph/graph.h"
#include "graph/step.h"

namespace fastnn {

// The vectors that live longer than a plan. gradient may be null for inference.
struct Storage {
  void* theta = nullptr;
  void* gradient = nullptr;
  void* states = nullptr;
};

// From here on a weight leaves the caches. It is updated by itself: cut in the middle, like the
// products that read it and compute its gradient, each half stays with one core.
constexpr int64_t kLargeWeight = 1 << 16;

// Which weights are updated without their gradient in memory (ops/descent.h), where they can be:
// none; all, for the update is w <- w - lr g; or large ones, by any rule that needs no other
// gradient.
enum class Descents { kNone, kPlain, kLarge };

struct PlanOptions {
  int64_t batch = 1;
  bool training = false;  // dropout on, statistics updated; with `loss` also the reverse pass
  int loss = -1;          // value to differentiate, -1 for none
  bool keep_all = false;  // nothing fused, no two values share memory: for inspection
  Precision precision = Precision::kFull;
  bool input_gradients = false;  // the reverse pass goes on to the inputs that hold reals
  Descents descents = Descents::kNone;
  uint64_t seed = 0;
};

class Plan {
 public:
  Plan(const Graph& graph, const std::vector<int>& outputs, const PlanOptions& options,
       const Storage& storage, const uint64_t* step_counter);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // Reads the input from this address from now on (batch rows, contiguous).
  void bind(int input, const void* data);
  // The plan's own memory for an input, bound to it; null where no step reads it.
  void* own_input(int input);
  // A batch of the feed into its input's own memory.
  void gather(const Feed& feed, const int64_t* order, int64_t first);

  void forward();
  void backward();       // d loss / d parameters into storage.gradient
  void update_states();  // all at once: what one state takes may be another
  // Parameters whose gradient backward() leaves out: the step's Descent moves them, which it must
  // not where the bound is not finite in the model's dtype.
  struct Descending {
    const Step* step;
    int weight;
  };
  const std::vector<Descending>& descending() const { return descending_; }
  double bound() const;  // no element of those gradients is larger, NaN where that is not known

  const Arg& value(int id) const;  // shape, data and (after backward) grad
  bool has(int id) const { return location_[id] >= 0; }
  int64_t batch() const { return options_.batch; }
  int64_t arena_bytes() const { return arena_.bytes(); }
  int64_t scratch_bytes() const { return scratch_.bytes(); }
  // Seconds that each step's forward and backward run takes, means over runs of the whole.
  struct StepTime {
    double forward = 0, backward = 0;
  };
  std::vector<StepTime> measure(int runs);
  double flops() const;  // of a forward run
  double cost() const;   // of a run, in ns of one core, for with_threads
  // First node, in order, one of whose outputs holds NaN or infinity: its `where`, or "".
  std::string first_not_finite() const;
  // The same for the gradients of its inputs, in the order of the reverse pass.
  std::string first_gradient_not_finite() const;
  const std::vector<std::unique_ptr<Step>>& steps() const { return steps_; }

 private:
  const Value& origin(int id) const;
  void begin_backward();
  void compile_steps(const std::vector<GraphNode>& nodes);
  void find_gradients();
  void find_descents();
  void find_bf16(const std::vector<int>& wanted);
  void lay_out(const std::vector<int>& outputs);
  void place_values(std::vector<Buffer>& buffers, const std::vector<int>& outputs);
  void place_gradients(std::vector<Buffer>& buffers);
  void set_pointers(const std::vector<Buffer>& buffers);
  int backward_time(int step) const { return 2 * static_cast<int>(steps_.size()) - 1 - step; }
  int root(int id) const;
  bool is_state(int id) const;  // or a view of one

  const Graph& graph_;
  PlanOptions options_;
  Storage storage_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<const Step*> reverse_;                // steps with a backward run, in that order
  std::vector<std::vector<int>> in_ids_, out_ids_;  // by step
  std::vector<bool> active_;                        // by step: backward runs,
  std::vector<bool> passes_dy_;                     // or need not: dx lies where dy does
  std::vector<Descending> descending_;
  std::vector<bool> requires_, has_gradient_;  // by value
  std::vector<int> view_of_;                   // by value: -1, or the value whose memory it shares
  std::vector<int> location_;                  // by value: index into args_, -1 if not in this plan
  std::vector<Arg> args_;                      // the values of this plan
  std::vector<int> value_buffer_, gradient_buffer_;  // by value, -1 for none
  std::vector<std::vector<Arg*>> input_uses_;        // by value
  std::vector<Memory> own_inputs_;                   // by value
  std::vector<bool> bounded_;                        // by value: an input that bound() looks at
  Memory arena_, scratch_;
  Memory before_;      // the states as they were, where others take them
  bool long_ = false;  // worth asking for Ctrl-C between steps
};

}  // namespace fastnn
