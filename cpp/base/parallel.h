// The one door to threads. Tasks are cut from shapes alone and each writes its own outputs, so the
// number of threads never changes a bit of the result; it only decides who computes a task.
#pragma once
#include <cstdint>

namespace fastnn {

using Task = void (*)(void* context, int64_t index);

// Runs task(context, 0..n_tasks-1). `cost` is the whole job's estimate in nanoseconds of one core:
// a job too small to pay for waking a second thread stays on the caller's. A long job answers
// Ctrl-C between tasks by an Error of kind kInterrupt: kernels hold nothing that it could leak.
void parallel_for(int64_t n_tasks, double cost, Task task, void* context);

// Runs body(context) with threads kept ready for the jobs in it. `cost` as above, of what the body
// does again and again (a training step): little work gets no company, nor do
// the jobs in it, but for long ones.
using Body = void (*)(void* context);
void with_threads(double cost, Body body, void* context);

// Whether a body of that cost is worth more than one thread, where others are to be had.
bool is_worth_threads(double cost);

// From now on all jobs of the calling thread stay on it: for those that work beside a trainer.
void stay_on_thread();

constexpr int kMostThreads = 1024;  // that may be asked for
int thread_count();                 // threads a large job may use
void set_thread_count(int count);   // >= 1

// The same for a callable `f(index)`. Static: each translation unit keeps its own copy.
template <class F>
static inline void parallel(int64_t n_tasks, double cost, const F& f) {
  parallel_for(
      n_tasks, cost, [](void* context, int64_t i) { (*static_cast<const F*>(context))(i); },
      const_cast<F*>(&f));
}

template <class F>
static inline void with_threads(double cost, const F& f) {
  with_threads(
      cost, [](void* context) { (*static_cast<const F*>(context))(); }, const_cast<F*>(&f));
}

// Cuts [0, n) into chunks of `grain` items and runs f(begin, end) on each.
template <class F>
static inline void parallel_chunks(int64_t n, int64_t grain, double cost, const F& f) {
  const int64_t n_tasks = (n + grain - 1) / grain;
  parallel(n_tasks, cost, [&](int64_t i) {
    const int64_t begin = i * grain;
    f(begin, begin + grain < n ? begin + grain : n);
  });
}

}  // namespace fastnn
