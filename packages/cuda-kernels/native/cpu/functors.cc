#include "../functors/all.h"
#include "launch.h"

// All functors of the op list, for the CPU.

namespace dualpath::cpu {

#define FUNCTOR_OPS_ONLY
#define OP(name, onCpu, onCuda)                                                                              \
  Kernel name(const Node &node) { return functors::name<Backend>(node); }
#include "../kernels.def"
#undef OP
#undef FUNCTOR_OPS_ONLY

} // namespace dualpath::cpu
