#pragma once

#include "../engine/tensor.h"

namespace dualpath::cpu {

/// Copies a blockable rank-4 value from its layout into that of `to`.
void reorder(const Tensor &from, const Tensor &to);

} // namespace dualpath::cpu
