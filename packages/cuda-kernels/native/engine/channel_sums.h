#pragma once

#include "node.h"

#include <vector>

namespace dualpath {

/// Asks a convolution for the sums of its channels (attribute `sums`) where a batch norm of training reads
/// its result and that is bf16. Beside an f32 result sums of plain numbers are not exact enough (decision
/// 15).
void askForSums(std::vector<Node> &nodes);

} // namespace dualpath
