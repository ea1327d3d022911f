#include "base/cpus.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>
#include <vector>
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

// CPUs that OpenMP spreads its threads over where the environment asks for that (OMP_PROC_BIND,
// OMP_PLACES, GOMP_CPU_AFFINITY), each once; else none. It has then bound the thread that loaded it
// as well, and those that this one made since: their mask is one place.
std::vector<int> places() {
  constexpr int kPrimary = 2;  // omp_proc_bind_primary (_master to GCC 11): all where this one is
  std::vector<int> cpus;
  const int bind = static_cast<int>(omp_get_proc_bind());
  if (bind == static_cast<int>(omp_proc_bind_false) || bind == kPrimary) return cpus;
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> here(static_cast<size_t>(std::max(omp_get_place_num_procs(place), 0)));
    if (!here.empty()) omp_get_place_proc_ids(place, here.data());
    cpus.insert(cpus.end(), here.begin(), here.end());
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
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
  // More places than CPUs were allowed when OpenMP was loaded are no more CPUs.
  if (const int bound = static_cast<int>(places().size()); bound > 0)
    cpus = std::min(bound, omp_get_num_procs());
  const int quota = cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup");
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

void leave_place() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  const std::vector<int> cpus = places();
  for (const int cpu : cpus)
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  if (!cpus.empty()) sched_setaffinity(0, sizeof set, &set);  // where it fails, it is slower
#endif
}

}  // namespace fastnn
