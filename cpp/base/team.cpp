#include "base/team.h"

#include <sched.h>

#include <algorithm>

#include "base/cpus.h"
#include "base/interrupt.h"

namespace fastnn {
namespace {

// About 0.1 ms: longer than the stretches of a training step that one thread computes alone.
constexpr int kSpins = 4096;
constexpr uint32_t kVoid = 0xFFFFFFFF;            // no task of this job is left
constexpr int64_t kMostTasks = int64_t{1} << 31;  // of which a ticket can count

uint64_t ticket(uint32_t job, uint32_t next) { return uint64_t{job} << 32 | next; }
uint32_t job_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }
uint32_t next_of(uint64_t ticket) { return static_cast<uint32_t>(ticket); }

// Tasks are cut into one stretch a member: from job to job, the same core finds the same data.
int64_t begin_of(int member, int members, int64_t count) { return count * member / members; }

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// Members that share a core must not keep it from each other by waiting awake.
Team::Team(int size) : size_(std::min(size, kMostMembers)) {
  static const int cpus = available_cpus();
  spins_ = size_ <= cpus ? kSpins : 0;
}

bool Team::run(const Job& job, int members) {
  stop_.store(false, std::memory_order_relaxed);
  task_.store(job.task, std::memory_order_release);
  context_.store(job.context, std::memory_order_release);
  for (int64_t first = 0; first < job.count; first += kMostTasks) {
    first_.store(first, std::memory_order_release);
    run_some(std::min(job.count - first, kMostTasks), job.ask, members);
  }
  return !stop_.load(std::memory_order_relaxed);
}

void Team::run_some(int64_t count, bool ask, int members) {
  members = static_cast<int>(std::min<int64_t>(std::min(members, size_), count));
  count_.store(count, std::memory_order_release);
  members_.store(members, std::memory_order_release);
  ask_.store(ask, std::memory_order_release);
  done_.store(0, std::memory_order_relaxed);
  ++number_;
  for (int m = 0; m < members; ++m) {
    const int64_t begin = begin_of(m, members, count);
    shares_[m].ticket.store(ticket(number_, static_cast<uint32_t>(begin)),
                            std::memory_order_release);
  }
  wake();
  const int64_t own = work(0, number_);
  done_.fetch_add(own, std::memory_order_relaxed);
  // A member that began a task and lost its core needs this one to go on.
  for (int spins = 0; done_.load(std::memory_order_acquire) != count;)
    if (++spins < kSpins)
      pause();
    else
      sched_yield();
  // Void before the next job's figures are written: who reads those cannot take a task of this one.
  for (int m = 0; m < members; ++m)
    shares_[m].ticket.store(ticket(number_, kVoid), std::memory_order_relaxed);
}

// Takes tasks of its own stretch, then of the others'. Returns how many.
int64_t Team::work(int member, uint32_t job_number) {
  const Task task = task_.load(std::memory_order_acquire);
  void* const context = context_.load(std::memory_order_acquire);
  const int64_t first = first_.load(std::memory_order_acquire);
  const int64_t count = count_.load(std::memory_order_acquire);
  const int members = members_.load(std::memory_order_acquire);
  const bool ask = ask_.load(std::memory_order_acquire);
  int64_t taken = 0;
  for (int i = 0; i < members; ++i) {
    const int owner = (member + i) % members;
    const int64_t end = begin_of(owner + 1, members, count);
    std::atomic<uint64_t>& share = shares_[owner].ticket;
    uint64_t now = share.load(std::memory_order_acquire);
    while (job_of(now) == job_number && next_of(now) < end) {
      if (!share.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
        continue;
      if (!(ask && stopped(member))) task(context, first + next_of(now));
      ++taken;
      now = share.load(std::memory_order_acquire);
    }
  }
  return taken;
}

bool Team::stopped(int member) {
  if (member == 0 && interrupted()) stop_.store(true, std::memory_order_relaxed);
  return stop_.load(std::memory_order_relaxed);
}

void Team::serve(int member) {
  if (member >= size_) return;
  for (uint32_t seen = 0;;) {
    seen = wait(member, seen);
    if (closing_.load(std::memory_order_acquire)) return;
    if (const int64_t taken = work(member, seen)) done_.fetch_add(taken, std::memory_order_release);
  }
}

// The number of a job after `seen`: awake for a while, then asleep.
uint32_t Team::wait(int member, uint32_t seen) {
  const std::atomic<uint64_t>& share = shares_[member].ticket;
  for (;;) {
    for (int spins = 0; spins < spins_; ++spins) {
      const uint32_t job = job_of(share.load(std::memory_order_acquire));
      if (job != seen) return job;
      pause();
    }
    sleepers_.fetch_add(1, std::memory_order_acq_rel);
    const uint32_t bell = bell_.load(std::memory_order_acquire);
    if (job_of(share.load(std::memory_order_acquire)) == seen &&
        !closing_.load(std::memory_order_acquire))
      bell_.wait(bell, std::memory_order_acquire);
    sleepers_.fetch_sub(1, std::memory_order_acq_rel);
    const uint32_t job = job_of(share.load(std::memory_order_acquire));
    if (job != seen || closing_.load(std::memory_order_acquire)) return job;
  }
}

void Team::wake() {
  // Reads and writes in one: either this sees who is about to sleep, or he sees the tickets.
  if (sleepers_.fetch_add(0, std::memory_order_acq_rel) == 0) return;
  bell_.fetch_add(1, std::memory_order_seq_cst);
  bell_.notify_all();
}

void Team::close() {
  closing_.store(true, std::memory_order_release);
  ++number_;
  for (int m = 0; m < size_; ++m)
    shares_[m].ticket.store(ticket(number_, kVoid), std::memory_order_release);
  wake();
}

}  // namespace fastnn
