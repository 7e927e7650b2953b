#include "cublaslt.h"
#include "kernels.h"

namespace dualpath::cuda {

Kernel matmul(const Node &node) {
  const std::shared_ptr<MatmulCall> call = matmulCall(node, matmulRequest(node));
  const auto *a = node.inputs[0], *b = node.inputs[1], *y = node.outputs[0];
  return {call->algorithm(), call->workspaceBytes(),
          [=](std::byte *scratch) { call->run(b->data, a->data, y->data, scratch); }};
}

} // namespace dualpath::cuda
