#include "matmul_request.h"

namespace dualpath::cuda {
namespace {

void checkOperands(const Node &node) {
  if (node.inputs.size() != 2 || node.outputs.size() != 1)
    fail(Code::PlanInvalid, node, "operands", "2 inputs and 1 output",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
  for (const auto *tensor : {node.inputs[0], node.inputs[1], node.outputs[0]}) {
    if (tensor->rank() != 2)
      fail(Code::Shape, node, "'" + tensor->name + "'", "rank 2", printShape(tensor->shape));
    if (tensor->dtype != DType::F32)
      fail(Code::DType, node, "'" + tensor->name + "'", "f32", dtypeName(tensor->dtype));
  }
}

MatrixRequest columnMajor(const Tensor &tensor, bool transposed) {
  return {tensor.shape[1], tensor.shape[0], transposed};
}

} // namespace

MatmulRequest matmulRequest(const Node &node) {
  const bool transposeA = node.attributes.boolean("transposeA", false);
  const bool transposeB = node.attributes.boolean("transposeB", false);
  checkOperands(node);
  const auto &a = *node.inputs[0], &b = *node.inputs[1], &y = *node.outputs[0];
  const auto inner = a.shape[transposeA ? 0 : 1], innerB = b.shape[transposeB ? 1 : 0];
  if (inner != innerB)
    fail(Code::Shape, node, "inner extent of b", std::to_string(inner), std::to_string(innerB));
  requireShape(node, "y", {a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]}, y.shape);
  return {columnMajor(b, transposeB), columnMajor(a, transposeA), columnMajor(y, false)};
}

} // namespace dualpath::cuda
