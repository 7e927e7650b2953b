#include "../functors/class_blocks.h"
#include "kernels.h"
#include "launch.cuh"
#include "raw_product.h"

namespace dualpath::cuda {

Kernel classifierCrossEntropy(const Node &node) {
  return functors::classifierCrossEntropy<Backend, RawProduct>(node);
}

Kernel classifierCrossEntropyGrad(const Node &node) {
  return functors::classifierCrossEntropyGrad<Backend, RawProduct>(node);
}

} // namespace dualpath::cuda
