#pragma once

#include <cstdlib>
#include <string_view>

namespace dualpath::cuda {

/// Whether an environment variable is "1".
inline bool switchedOn(const char *name) {
  const char *value = std::getenv(name);
  return value && std::string_view(value) == "1";
}

/// Products round their inputs to TF32: about three digits for several times the speed. Read at compile.
inline bool tf32Wanted() { return switchedOn("DUALPATH_TF32"); }

} // namespace dualpath::cuda
