// Forward runs without chance and without caches for backward; safe from several threads at once.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/company.h"
#include "graph/feed.h"
#include "graph/plan.h"

namespace fastnn {

class Inference {
 public:
  Inference(const Graph& graph, std::vector<int> outputs, void* theta, void* states);

  // Runs rows order[0..n) of the feeds (rows 0..n-1 where order is null) in batches. Outputs with a
  // batch axis are written to rows[i] (n rows each); scalars are averaged over rows into means[i].
  void run(const std::vector<Feed>& feeds, const int64_t* order, int64_t n, int64_t batch,
           void* const* rows, double* means);

  std::unique_ptr<Plan> make(int64_t batch) const;  // a new plan, as runs use it
  // Shape of an output for n rows.
  Arg output(int i, int64_t n);
  const std::vector<int>& outputs() const { return outputs_; }

 private:
  // A plan at work belongs to one thread.
  struct Ready {
    std::unique_ptr<Plan> plan;
    Company company;
  };
  Ready take(int64_t batch);
  void give_back(Ready ready);
  static void forward(Ready& ready);

  const Graph& graph_;
  std::vector<int> outputs_;
  Storage storage_;
  std::mutex mutex_;
  std::list<Ready> idle_;  // most recently used first
};

}  // namespace fastnn
