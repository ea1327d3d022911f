#include "base/parallel.h"

#include "base/cpus.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/team.h"

#ifndef _OPENMP
#error "fastnn needs OpenMP: compile with -fopenmp"
#endif
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>

namespace fastnn {
namespace {

// What a further thread must save, in ns of one core. A region of two starts and ends in about 2 us
// (libgomp, AMD EPYC), and in a time slice where the other core is busy or its thread asleep: a
// product of 10 us takes 6 us by two threads again and again, but 6 ms now and then (Zen 5, virtual
// machine). A job of a team that is ready costs 0.25 us.
constexpr double kCostOfRegion = 15000.0;
constexpr double kCostInTeam = 1500.0;
// The same where the whole is little: a job of its own that was not foreseen.
constexpr double kCostOfSurprise = 500e3;
// The least share of a step that is worth a thread that waits for it awake.
constexpr double kCostOfStep = 30000.0;
constexpr double kLongJob = 5e6;  // ns: jobs that ask for Ctrl-C between tasks

int environment_threads() {
  if (const char* text = std::getenv("FASTNN_NUM_THREADS"); text && *text) {
    char* end = nullptr;
    const long count = std::strtol(text, &end, 10);
    if (*end || count < 1 || count > kMostThreads)
      fail("FASTNN_NUM_THREADS", "value must be an integer in [1, %d], got '%.100s'", kMostThreads,
           text);
    return static_cast<int>(count);
  }
  const char* text = std::getenv("OMP_NUM_THREADS");  // "4,2": the first level counts
  const long count = text ? std::strtol(text, nullptr, 10) : 0;
  return count >= 1 && count <= kMostThreads ? static_cast<int>(count) : 0;
}

// libgomp's pool does not survive fork: a team in the child would wait for threads that are gone. A
// forked child therefore computes on its one thread, with the same bits.
std::atomic<bool> g_forked{false};

struct Threads {
  std::atomic<int> count;
  Threads() {
    const int asked = environment_threads();
    count = asked ? asked : available_cpus();
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
  }
};

Threads& threads() {
  static Threads instance;
  return instance;
}

}  // namespace

int thread_count() { return threads().count; }
void set_thread_count(int count) { threads().count = std::clamp(count, 1, kMostThreads); }

namespace {

thread_local Team* t_team = nullptr;    // that this thread leads, or takes tasks of
thread_local int t_member = 0;          // which of its members this thread is
thread_local bool t_stays = false;      // whether its jobs stay on this thread
thread_local bool t_is_little = false;  // whether the body at work got no company
thread_local bool t_in_task = false;    // jobs inside a task stay on its thread

int members_of(double cost, double least) {
  return static_cast<int>(std::min(cost / least, static_cast<double>(thread_count())));
}

void alone(int64_t n_tasks, bool ask, Task task, void* context) {
  for (int64_t i = 0; i < n_tasks; ++i) {
    if (ask && t_in_task && t_team->stopped(t_member)) return;  // whoever leads the team throws
    if (ask && !t_in_task) check_interrupt();
    task(context, i);
  }
}

// A task as the team runs it.
struct Nested {
  Task task;
  void* context;
  static void run(void* self, int64_t i) {
    const Nested& given = *static_cast<const Nested*>(self);
    t_in_task = true;
    given.task(given.context, i);
    t_in_task = false;
  }
};

void lead(Team& team, int size, Body body, void* context) {
  std::exception_ptr error;
#pragma omp parallel num_threads(size)
  {
    t_team = &team;
    t_member = omp_get_thread_num();
    if (t_member > 0) {
      team.serve(t_member);
    } else {
      try {
        body(context);
      } catch (...) {
        error = std::current_exception();
      }
      team.close();
    }
    t_team = nullptr;
    t_member = 0;
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

void stay_on_thread() {
  t_stays = true;
  leave_place();
}

bool is_worth_threads(double cost) { return members_of(cost, kCostOfStep) > 1; }

void with_threads(double cost, Body body, void* context) {
  const int size = members_of(cost, kCostOfStep);
  if (t_team || t_stays || g_forked || omp_in_parallel()) return body(context);
  if (size <= 1) {
    struct Little {
      const bool before = t_is_little;
      Little() { t_is_little = true; }
      ~Little() { t_is_little = before; }
    } little;
    return body(context);
  }
  Team team(size);
  lead(team, team.size(), body, context);
}

void parallel_for(int64_t n_tasks, double cost, Task task, void* context) {
  const bool ask = cost > kLongJob && may_interrupt();
  const int members =
      static_cast<int>(std::min<int64_t>(members_of(cost, t_team        ? kCostInTeam
                                                          : t_is_little ? kCostOfSurprise
                                                                        : kCostOfRegion),
                                         n_tasks));
  if (members <= 1 || t_in_task || t_stays || g_forked) return alone(n_tasks, ask, task, context);
  if (!t_team) {
    if (omp_in_parallel()) return alone(n_tasks, ask, task, context);
    const auto once = [&] { parallel_for(n_tasks, cost, task, context); };
    Team team(members);
    return lead(
        team, team.size(), [](void* self) { (*static_cast<decltype(once)*>(self))(); },
        const_cast<void*>(static_cast<const void*>(&once)));
  }
  Nested nested{task, context};
  if (!t_team->run({Nested::run, &nested, n_tasks, ask}, members))
    throw Error(ErrorKind::kInterrupt, "interrupted");
}

}  // namespace fastnn
