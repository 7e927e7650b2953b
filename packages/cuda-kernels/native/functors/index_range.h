#pragma once

#include "../engine/kernel.h"

namespace dualpath {

/// Throws FEED for the first index outside low..high, before a functor would read beyond its table.
inline void requireIndices(const Node &node, const char *name, const int32_t *values, int64_t count,
                           int64_t low, int64_t high) {
  for (int64_t i = 0; i < count; ++i)
    if (values[i] < low || values[i] > high)
      fail(Code::Feed, node, std::string(name) + "[" + std::to_string(i) + "]",
           std::to_string(low) + ".." + std::to_string(high), std::to_string(values[i]));
}

} // namespace dualpath
