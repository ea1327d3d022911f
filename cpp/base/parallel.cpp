#include "base/parallel.h"

#include "base/error.h"
#include "base/interrupt.h"

#ifndef _OPENMP
#error "fastnn needs OpenMP: compile with -fopenmp"
#endif
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

namespace fastnn {
namespace {

// A team of two costs about 2 us to start and join (libgomp, AMD EPYC), and a time slice where the
// other core is busy: below 15 us per thread a job stays alone.
constexpr double kCostPerThread = 15000.0;
constexpr double kLongJob = 5e6;  // ns: jobs that ask for Ctrl-C between tasks

// Whole CPUs that the cgroup's quota allows, 0 where there is none. cpu.max may be absent, empty or
// "max".
int cgroup_cpus() {
  double quota = -1, period = -1;
  char text[128] = {};
  if (FILE* f = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    if (std::fgets(text, sizeof text, f) && std::sscanf(text, "%lf %lf", &quota, &period) != 2)
      quota = -1;
    std::fclose(f);
  } else if (FILE* q = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r")) {
    if (std::fscanf(q, "%lf", &quota) != 1) quota = -1;
    std::fclose(q);
    if (FILE* p = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r")) {
      if (std::fscanf(p, "%lf", &period) != 1) period = -1;
      std::fclose(p);
    }
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : 0;
}

int environment_threads() {
  for (const char* name : {"FASTNN_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* text = std::getenv(name);
    if (!text) continue;
    const long count = std::strtol(text, nullptr, 10);  // OMP allows "4,2": the first level counts
    if (count >= 1 && count <= 4096) return static_cast<int>(count);
  }
  return 0;
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

int available_cpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
#endif
  const int quota = cgroup_cpus();
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

int thread_count() { return threads().count; }
void set_thread_count(int count) { threads().count = std::max(count, 1); }

void parallel_for(int64_t n_tasks, double cost, Task task, void* context) {
  int64_t team = std::min<int64_t>(n_tasks, thread_count());
  team = std::min<int64_t>(team, static_cast<int64_t>(cost / kCostPerThread));
  const bool ask = cost > kLongJob;
  if (team <= 1 || g_forked || omp_in_parallel()) {
    for (int64_t i = 0; i < n_tasks; ++i) {
      if (ask) check_interrupt();
      task(context, i);
    }
    return;
  }
  std::atomic<bool> stop{false};
#pragma omp parallel for num_threads(static_cast<int>(team)) schedule(static)
  for (int64_t i = 0; i < n_tasks; ++i) {
    if (ask && omp_get_thread_num() == 0 && interrupted())
      stop.store(true, std::memory_order_relaxed);
    if (!stop.load(std::memory_order_relaxed)) task(context, i);
  }
  if (stop) throw Error(ErrorKind::kInterrupt, "interrupted");
}

}  // namespace fastnn
