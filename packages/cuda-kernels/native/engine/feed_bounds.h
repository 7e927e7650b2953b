#pragma once

#include "node.h"

#include <string>
#include <vector>

namespace dualpath {

/// The range that the elements of a fed i32 value must lie in because some node uses them as indices.
struct FeedBounds {
  const Tensor *tensor;
  std::string op, node;
  int64_t low, high; // inclusive
};

std::vector<FeedBounds> feedBounds(const std::vector<Node> &nodes, const std::vector<Tensor *> &feeds);

/// Throws FEED with the position and value of the first element out of range.
void checkBounds(const FeedBounds &bounds, const int32_t *values);

} // namespace dualpath
