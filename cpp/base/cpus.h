// How many CPUs this process may use.
#pragma once
#include <string>

namespace fastnn {

int available_cpus();  // affinity mask or OpenMP's places, and cgroup quota; at least 1

// Lets this thread, which is not OpenMP's, run wherever OpenMP spreads its own: it would share the
// one place of the thread that made it.
void leave_place();

// Whole CPUs that quotas allow, 0 where there are none: the least of this process's cgroup and
// those above it (version 2), or that of version 1. `root` is where cgroups are mounted, `self` the
// file that names the process's own.
int cgroup_cpus(const std::string& root, const std::string& self);

}  // namespace fastnn
