#include "../functors/batch_norm.h"
#include "kernels.h"
#include "launch.cuh"

namespace dualpath::cuda {

Kernel batchNorm(const Node &node) { return functors::batchNorm<Backend>(node); }
Kernel batchNormGrad(const Node &node) { return functors::batchNormGrad<Backend>(node); }
Kernel batchNormFrozen(const Node &node) { return functors::batchNormFrozen<Backend>(node); }
Kernel batchNormFrozenGrad(const Node &node) { return functors::batchNormFrozenGrad<Backend>(node); }
Kernel batchNormAddRelu(const Node &node) { return functors::batchNormAddRelu<Backend>(node); }
Kernel batchNormAddReluGrad(const Node &node) { return functors::batchNormAddReluGrad<Backend>(node); }

} // namespace dualpath::cuda
