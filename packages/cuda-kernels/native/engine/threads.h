#pragma once

#include <string>

namespace dualpath {

/// Cores that this process may use: the affinity mask, cut by the cgroup's CPU quota (rounded up), at
/// least 1.
int availableThreads();

/// Cores of a cgroup v2 `cpu.max` line such as "200000 100000"; 0 when it sets no limit.
int quotaThreads(const std::string &line);

} // namespace dualpath
