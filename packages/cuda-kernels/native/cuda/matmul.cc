#include "cublaslt.h"
#include "kernels.h"

namespace dualpath::cuda {
namespace {

Kernel kernelOf(const Node &node, const MatmulRequest &request, const Tensor *bias) {
  const std::shared_ptr<MatmulCall> call = matmulCall(node, request);
  const auto *a = node.inputs[0], *b = node.inputs[1], *y = node.outputs[0];
  return {call->algorithm() + printed(request.epilogue), call->workspaceBytes(), [=](std::byte *scratch) {
            call->run(b->data, a->data, y->data, scratch, bias ? bias->data : nullptr);
          }};
}

} // namespace

Kernel matmul(const Node &node) { return kernelOf(node, matmulRequest(node), nullptr); }

Kernel matmulBias(const Node &node) {
  const auto whole = biasedProduct(node, "matmul");
  auto request = matmulRequest(whole.product);
  request.epilogue = epilogueOf(whole);
  try {
    return kernelOf(node, request, whole.bias);
  } catch (const Failure &) {
    return stepByStep(node, "matmul", matmul, biasAdd, relu);
  }
}

} // namespace dualpath::cuda
