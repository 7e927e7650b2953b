#pragma once

#include "../engine/kernel.h"

/// Declares `Kernel cuda::<op>(const Node &)` for every row of kernels.def.
namespace dualpath::cuda {

#define OP(name, cpuKernel, cudaKernel) Kernel name(const Node &node);
#include "../kernels.def"
#undef OP

} // namespace dualpath::cuda
