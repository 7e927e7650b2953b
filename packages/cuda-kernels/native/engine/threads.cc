#include "threads.h"

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <sstream>

namespace dualpath {
namespace {

std::string firstLine(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The cgroup v2 path of this process, such as "/system.slice/job"; empty without one.
std::string ownGroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("0::", 0) == 0)
      return line.substr(3);
  return "";
}

/// The tightest quota from the process's group up to the root.
int groupThreads() {
  int tightest = 0;
  auto group = ownGroup();
  for (;;) {
    const int limit = quotaThreads(firstLine("/sys/fs/cgroup" + group + "/cpu.max"));
    if (limit > 0 && (tightest == 0 || limit < tightest))
      tightest = limit;
    const auto slash = group.rfind('/');
    if (slash == std::string::npos)
      break;
    group.resize(slash);
  }
  const auto quota = firstLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); // cgroup v1
  if (!quota.empty() && quota[0] != '-') {
    const int limit = quotaThreads(quota + " " + firstLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
    if (limit > 0 && (tightest == 0 || limit < tightest))
      tightest = limit;
  }
  return tightest;
}

} // namespace

int quotaThreads(const std::string &line) {
  double quota = 0, period = 0;
  std::istringstream stream(line);
  if (!(stream >> quota >> period) || quota <= 0 || period <= 0)
    return 0;
  return std::max(1, static_cast<int>((quota + period - 1) / period));
}

int availableThreads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int threads = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  const int limit = groupThreads();
  if (limit > 0)
    threads = std::min(threads, limit);
  return std::max(1, threads);
}

} // namespace dualpath
