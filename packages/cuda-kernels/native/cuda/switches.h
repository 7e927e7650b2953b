#pragma once

#include <cstdlib>
#include <string_view>

namespace dualpath::cuda {

/// Whether an environment variable is "1".
inline bool switchedOn(const char *name) {
  const char *value = std::getenv(name);
  return value && std::string_view(value) == "1";
}

} // namespace dualpath::cuda
