#pragma once

#include "kernel.h"

namespace dualpath {

/// The policy of a node where images are `blocked`, by its op's row in layout_policy.cc. Binary arithmetic is
/// PlainOnly when it broadcasts, and so are ops without a row. Never Sixteens.
LayoutPolicy layoutPolicy(const Node &node, Layout blocked);

} // namespace dualpath
