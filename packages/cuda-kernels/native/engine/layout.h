#pragma once

#include "node.h"

#include <vector>

namespace dualpath {

/// Chooses Tensor::layout of the `free` tensors (those in the arena) over all nodes of a plan. Values that
/// elementwise and channel-aware nodes connect share one layout. A group becomes `blocked` when what its
/// convolutions gain is more than what reordering for plain-only nodes costs. Everything that is not free
/// stays Plain.
void assignLayouts(const std::vector<Node> &nodes, const std::vector<Tensor *> &free, Layout blocked);

/// Whether a value could be blocked at all: rank 4, channels a multiple of 16, 2 or 4 bytes an element.
bool blockable(const Tensor &tensor);

} // namespace dualpath
