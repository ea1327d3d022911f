// The team's promises: every task of every job runs once, whoever is awake, asleep or missing.
#include "base/team.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "check.h"

namespace {
using namespace fastnn;
using namespace fastnn::test;

// Plain threads instead of OpenMP's: ThreadSanitizer understands those.
struct Members {
  explicit Members(Team& team, int present) : team(team) {
    for (int m = 1; m < present; ++m) threads.emplace_back([&team, m] { team.serve(m); });
  }
  ~Members() {
    team.close();
    for (std::thread& t : threads) t.join();
  }
  Team& team;
  std::vector<std::thread> threads;
};

struct Counts {
  std::unique_ptr<std::atomic<int>[]> at;
  explicit Counts(int64_t n) : at(new std::atomic<int>[n]) {
    for (int64_t i = 0; i < n; ++i) at[i] = 0;
  }
  static void count(void* self, int64_t i) { ++static_cast<Counts*>(self)->at[i]; }
};

void check_each_once(Counts& counts, int64_t n, int jobs, const char* what) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < n; ++i) wrong += counts.at[i] != jobs;
  check(wrong == 0, "%s: %ld of %ld tasks did not run %d times", what, static_cast<long>(wrong),
        static_cast<long>(n), jobs);
}

void test_jobs(int size, int present) {
  Team team(size);
  const Members members(team, present);
  for (const int64_t n : {1, 2, 3, 7, 64, 1000})
    for (int use = 1; use <= size + 1; ++use) {
      Counts counts(n);
      constexpr int kJobs = 300;
      for (int j = 0; j < kJobs; ++j) team.run({Counts::count, &counts, n, false}, use);
      check_each_once(counts, n, kJobs, present < size ? "missing members" : "jobs");
    }
}

// Sizes change from job to job, so that a late member's figures are stale.
void test_changing_jobs() {
  Team team(3);
  const Members members(team, 3);
  Counts counts(100);
  int expected[100] = {};
  for (int j = 0; j < 20000; ++j) {
    const int64_t n = 1 + j * 37 % 100;
    team.run({Counts::count, &counts, n, false}, 1 + j % 3);
    for (int64_t i = 0; i < n; ++i) ++expected[i];
  }
  for (int i = 0; i < 100; ++i)
    check(counts.at[i] == expected[i], "changing jobs: task %d ran %d times instead of %d", i,
          counts.at[i].load(), expected[i]);
}

void test_sleepers() {
  Team team(2);
  const Members members(team, 2);
  Counts counts(8);
  for (int j = 0; j < 20; ++j) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    team.run({Counts::count, &counts, 8, false}, 2);
  }
  check_each_once(counts, 8, 20, "after sleep");
}

// parallel_for inside tasks, inside with_threads, with an exception on the way.
void test_parallel_for(int threads) {
  set_thread_count(threads);
  constexpr double kLarge = 1e6;
  Counts counts(64);
  for (int i = 0; i < 100; ++i) parallel(64, kLarge, [&](int64_t t) { ++counts.at[t]; });
  check_each_once(counts, 64, 100, "one region a job");
  with_threads(kLarge, [&] {
    for (int i = 0; i < 100; ++i) parallel(64, kLarge, [&](int64_t t) { ++counts.at[t]; });
    with_threads(kLarge, [&] {
      parallel(8, kLarge, [&](int64_t outer) {
        parallel(8, kLarge, [&](int64_t inner) { ++counts.at[8 * outer + inner]; });
      });
    });
  });
  check_each_once(counts, 64, 201, "nested");
  bool caught = false;
  try {
    with_threads(kLarge, [] { throw Error(ErrorKind::kValue, "on purpose"); });
  } catch (const Error& e) {
    caught = std::string(e.what()) == "on purpose";
  }
  check(caught, "an error of the body comes out of with_threads, %d threads", threads);
}

std::atomic<bool> g_stop{false};

void test_interrupt(int threads) {
  set_thread_count(threads);
  set_interrupted([] { return g_stop.load(); });
  constexpr double kLong = 1e9;
  std::atomic<int> ran{0};
  const auto slow = [&](int64_t i) {
    if (i == 1) g_stop = true;
    ++ran;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  for (const bool nested : {false, true}) {
    g_stop = false;
    ran = 0;
    bool caught = false;
    try {
      if (nested)
        parallel(2, kLong, [&](int64_t) { parallel(1000, kLong, slow); });
      else
        parallel(2000, kLong, slow);
    } catch (const Error& e) {
      caught = e.kind() == ErrorKind::kInterrupt;
    }
    check(caught && ran < 1000, "Ctrl-C, %d threads, nested %d: caught %d after %d tasks", threads,
          nested, caught, ran.load());
  }
  const Uninterrupted whole;
  ran = 0;
  parallel(100, kLong, slow);
  check(ran == 100, "an update is done whole: %d of 100 tasks, %d threads", ran.load(), threads);
  set_interrupted(nullptr);
}

}  // namespace

int main() {
  for (const int size : {1, 2, 3, 8}) {
    test_jobs(size, size);
    test_jobs(size, 1);
  }
  test_changing_jobs();
  test_sleepers();
  for (const int threads : {1, 2, 3, 8}) {
    test_parallel_for(threads);
    test_interrupt(threads);
  }
  std::printf("%d checks, %d failed\n", g_checks, g_failures);
  return g_failures != 0;
}
