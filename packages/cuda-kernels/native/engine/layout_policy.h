#pragma once

#include "kernel.h"

namespace dualpath {

/// The policy of a node, by its op's row in layout_policy.cc. Binary arithmetic is PlainOnly when it
/// broadcasts, and so are ops without a row.
LayoutPolicy layoutPolicy(const Node &node);

} // namespace dualpath
