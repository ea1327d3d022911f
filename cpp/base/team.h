// Threads of one OpenMP region that take tasks of one job after another, for as long as the region
// lasts. Handing out a job costs a few hundred nanoseconds where the others are awake, and the one
// who hands it out never waits for a thread that has not begun: where another process holds the
// second core, he simply does all tasks himself.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/parallel.h"

namespace fastnn {

struct Job {
  Task task;
  void* context;
  int64_t count;  // of tasks
  bool ask;       // whether to go on: Ctrl-C
};

class Team {
 public:
  explicit Team(int size);  // of which the caller is member 0
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  static constexpr int kMostMembers = 256;

  // Member 0: does the job with `members` of the team and returns when all its tasks are done.
  // False where Ctrl-C cut it short.
  bool run(const Job& job, int members);
  // The others: take tasks until close().
  void serve(int member);
  void close();
  // For tasks that hold long jobs of their own: Ctrl-C came. Only member 0 may ask Python.
  bool stopped(int member);
  int size() const { return size_; }

 private:
  // A member's share of the current job: which job (high half) and the next task (low half), in one
  // word, so that a task is taken from the job it belongs to or not at all.
  struct alignas(64) Share {
    std::atomic<uint64_t> ticket{0};
  };
  void run_some(int64_t count, bool ask, int members);
  int64_t work(int member, uint32_t job_number);
  uint32_t wait(int member, uint32_t seen);
  void wake();

  int size_;
  int spins_;
  uint32_t number_ = 0;  // of the current job
  // Of the current job. A member that comes late may read the next one's: its ticket is void then.
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int64_t> first_{0};
  std::atomic<int64_t> count_{0};
  std::atomic<int> members_{0};
  std::atomic<bool> ask_{false};
  std::atomic<bool> closing_{false};
  alignas(64) std::atomic<int64_t> done_{0};
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint32_t> bell_{0};  // what sleepers wait for
  std::atomic<int> sleepers_{0};
  Share shares_[kMostMembers];
};

}  // namespace fastnn
