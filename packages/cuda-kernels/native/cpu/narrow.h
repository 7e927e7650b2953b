#pragma once

#include "../engine/kernel.h"

namespace dualpath::cpu {

/// Why nothing is computed in bf16 here; empty where it is. DUALPATH_BF16=widen computes bf16 plans by the
/// f32 kernels on any processor.
std::string bfloat16Gap();

/// The kernel of a product by the type of its inputs: `floats` for f32. For bf16 `library`, where the
/// processor has the instructions, or `floats` on widened copies; throws DEVICE where neither is wanted.
Kernel byStorage(const Node &node, Prepare floats, Prepare library);

/// The f32 kernel of a node on f32 copies of its bf16 operands in scratch; results are rounded once.
Kernel widened(const Node &node, Prepare floats);

} // namespace dualpath::cpu
