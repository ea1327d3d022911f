// The training loop: gather a batch, forward, backward, update, many steps a call.
#pragma once
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "graph/feed.h"
#include "graph/hyper.h"
#include "graph/plan.h"

namespace fastnn {

struct UpdateRule {
  std::string optimizer = "sgd";
  std::vector<NamedHyper> hyper;
  double l1 = 0, l2 = 0;  // on weights, not biases
  double clip_norm = 0;   // 0: no clipping
  double max_norm = 0;    // of each unit's incoming weights; 0: none
};

enum class Stop { kDone, kTime, kNotFinite, kError };

struct Progress {
  Stop stop = Stop::kDone;
  int64_t steps = 0, rows = 0;
  std::exception_ptr error;  // kError: what ended the run after these steps
};

class Training {
 public:
  // `loss` and `metrics` are scalar values of the graph. theta and states belong to the caller.
  Training(const Graph& graph, int loss, std::vector<int> metrics, UpdateRule rule, uint64_t seed,
           void* theta, void* states, Precision precision = Precision::kFull);

  // Steps over rows order[0..n) in batches, the last one short; lr has one value a step. Returns
  // early after `seconds` (at a step's end), or before the update of a step whose loss or gradient
  // is not finite, or where Ctrl-C or Python code ended one (kError). sums() go on from the given
  // ones (zeros where null), step by step, so that they have the same bits however an epoch is cut
  // into runs.
  Progress run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n, int64_t batch,
               const double* lr, double seconds, const double* sums = nullptr);
  // One step on arrays as they are; the gradient stays in gradient() with `update` false.
  Progress step(const std::vector<std::pair<int, const void*>>& inputs, int64_t rows, double lr,
                bool update);

  // Loss (penalties included) and metrics, summed over the rows of the last run or step.
  const std::vector<double>& sums() const { return sums_; }
  uint64_t step_counter() const { return step_; }
  void set_step_counter(uint64_t step) { step_ = step; }
  char* gradient() const { return gradient_.data(); }
  int n_states() const { return static_cast<int>(optimizer_states_.size()); }
  char* state(int i) const { return optimizer_states_[i].data(); }
  int64_t parameter_bytes() const;
  const Plan& plan(int64_t batch) { return compiled_for(batch, true).plan; }
  // See Plan::measure.
  std::vector<Plan::StepTime> measure(int64_t batch, int runs);
  std::vector<int64_t> batch_sizes() const;  // that have a plan, the one used last first

 private:
  // Neighbouring parameters under the same rule: one pass of the update.
  struct Stretch {
    int64_t offset, n;
    bool weight;
  };
  // A plan, and the parameters whose gradients its reverse run stores.
  struct Compiled {
    Plan plan;
    bool descent;
    std::vector<Stretch> stretches;
  };
  enum class Outcome { kDone, kNotFinite, kUnsure };
  Compiled& compiled_for(int64_t batch, bool descent);
  Descents descents_by_rule() const;
  std::vector<Stretch> stretches_without(const std::vector<Plan::Descending>& descending) const;
  double squared_gradient(const std::vector<Stretch>& stretches) const;
  bool finite_gradient(const std::vector<Stretch>& stretches) const;
  Update update_of(const Stretch& stretch, double lr, double grad_scale) const;
  double update(Compiled& compiled, double lr, double grad_scale);  // returns the penalty before it
  void limit_norms();
  template <class Fill>
  bool one_step(int64_t rows, const Fill& fill, double lr, bool update, Progress& progress);
  Outcome try_step(Compiled& compiled, double lr, bool update, Progress& progress);

  const Graph& graph_;
  int loss_;
  std::vector<int> metrics_;
  UpdateRule rule_;
  uint64_t seed_;
  Precision precision_;
  char* theta_;
  void* states_;
  const Table* table_;
  const Optimizer* optimizer_;
  double hyper_[6] = {};
  int decay_ = -1;  // place of weight_decay in hyper_: it is for weights, not biases
  uint64_t step_ = 0;
  std::vector<double> sums_;
  Memory gradient_;
  std::vector<Memory> optimizer_states_;
  Descents descents_ = Descents::kNone;
  std::vector<const Value*> limited_;              // weights under max_norm
  std::list<std::unique_ptr<Compiled>> compiled_;  // the one used last first
};

}  // namespace fastnn
