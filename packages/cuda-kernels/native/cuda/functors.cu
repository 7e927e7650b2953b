#include "../functors/all.h"
#include "kernels.h"
#include "launch.cuh"

// All functors of the op list, for CUDA.

namespace dualpath::cuda {

#define FUNCTOR_OPS_ONLY
#define OP(name, onCpu, onCuda)                                                                              \
  Kernel name(const Node &node) { return functors::name<Backend>(node); }
#include "../kernels.def"
#undef OP
#undef FUNCTOR_OPS_ONLY

} // namespace dualpath::cuda
