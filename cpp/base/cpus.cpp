#include "base/cpus.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

namespace fastnn {
namespace {

// CPUs that one line "quota period" of a cgroup allows, 0 where it sets no limit ("max ...",
// empty).
double cpus_of(const std::string& text) {
  double quota = -1, period = -1;
  if (std::sscanf(text.c_str(), "%lf %lf", &quota, &period) != 2) return 0;
  return quota > 0 && period > 0 ? quota / period : 0;
}

std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

int cgroup_cpus(const std::string& root, const std::string& self) {
  double least = cpus_of(line_of(root + "/cpu/cpu.cfs_quota_us") + " " +
                         line_of(root + "/cpu/cpu.cfs_period_us"));
  std::string group;
  std::ifstream file(self);
  for (std::string line; std::getline(file, line);)
    if (line.rfind("0::", 0) == 0) group = line.substr(3);
  for (;;) {
    const double cpus = cpus_of(line_of(root + group + "/cpu.max"));
    if (cpus > 0) least = least > 0 ? std::min(least, cpus) : cpus;
    if (group.empty()) break;
    const size_t above = group.rfind('/');
    group.resize(above == std::string::npos ? 0 : above);
  }
  return static_cast<int>(std::ceil(least));
}

int available_cpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
#endif
  const int quota = cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup");
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

}  // namespace fastnn
