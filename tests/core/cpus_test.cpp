// Quotas of cgroups, from files laid out as the kernel does.
#include "base/cpus.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "check.h"

namespace {
using namespace fastnn;
using namespace fastnn::test;
namespace fs = std::filesystem;

struct Groups {
  fs::path root = fs::temp_directory_path() / ("fastnn_cgroup_" + std::to_string(getpid()));
  Groups() { fs::create_directories(root); }
  ~Groups() { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  int cpus() const { return cgroup_cpus(root.string(), (root / "self").string()); }
};

void test_version_2() {
  const Groups groups;
  check(groups.cpus() == 0, "no files: no quota, got %d", groups.cpus());
  groups.write("self", "1:cpu:/old\n0::/user/service\n");
  check(groups.cpus() == 0, "no cpu.max: no quota, got %d", groups.cpus());
  groups.write("cpu.max", "max 100000\n");
  groups.write("user/service/cpu.max", "");
  check(groups.cpus() == 0, "max or empty: no quota, got %d", groups.cpus());
  groups.write("user/service/cpu.max", "300000 100000\n");
  check(groups.cpus() == 3, "the process's own quota of 3, got %d", groups.cpus());
  groups.write("user/cpu.max", "150000 100000\n");
  check(groups.cpus() == 2, "a quota of 1.5 above it, got %d", groups.cpus());
  groups.write("cpu.max", "50000 100000\n");
  check(groups.cpus() == 1, "a quota of 0.5 at the root, got %d", groups.cpus());
  groups.write("self", "0::strange\n");
  check(groups.cpus() == 1, "a name without a slash: the root's, got %d", groups.cpus());
}

void test_version_1() {
  const Groups groups;
  groups.write("cpu/cpu.cfs_quota_us", "-1\n");
  groups.write("cpu/cpu.cfs_period_us", "100000\n");
  check(groups.cpus() == 0, "-1: no quota, got %d", groups.cpus());
  groups.write("cpu/cpu.cfs_quota_us", "400000\n");
  check(groups.cpus() == 4, "a quota of 4, got %d", groups.cpus());
}

}  // namespace

int main() {
  test_version_2();
  test_version_1();
  check(available_cpus() >= 1, "available_cpus is %d", available_cpus());
  std::printf("%d checks, %d failed\n", g_checks, g_failures);
  return g_failures != 0;
}
