#include "matmul_shape.h"

#include "product_types.h"

namespace dualpath {

MatmulShape matmulShape(const Node &node) {
  if (node.inputs.size() != 2 || node.outputs.size() != 1)
    fail(Code::PlanInvalid, node, "operands", "2 inputs and 1 output",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
  const auto *a = node.inputs[0], *b = node.inputs[1], *y = node.outputs[0];
  for (const auto *tensor : {a, b, y})
    if (tensor->rank() != 2)
      fail(Code::Shape, node, "'" + tensor->name + "'", "rank 2", printShape(tensor->shape));
  requireProductTypes(node);
  const bool transposeA = node.attributes.boolean("transposeA", false);
  const bool transposeB = node.attributes.boolean("transposeB", false);
  const auto inner = a->shape[transposeA ? 0 : 1], innerB = b->shape[transposeB ? 1 : 0];
  if (inner != innerB)
    fail(Code::Shape, node, "inner extent of b", std::to_string(inner), std::to_string(innerB));
  requireShape(node, "y", {a->shape[transposeA ? 1 : 0], b->shape[transposeB ? 0 : 1]}, y->shape);
  return {a, b, y, transposeA, transposeB};
}

} // namespace dualpath
