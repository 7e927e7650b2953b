#include "kernels.h"
#include "onednn.h"

namespace dualpath::cpu {
namespace {

/// The stored matrix as the operand it is in the product: a transposed one is a view with swapped strides.
memory::desc operandDesc(const Tensor &tensor, bool transposed) {
  if (!transposed)
    return matrixDesc(tensor);
  const auto &s = tensor.shape;
  return {{s[1], s[0]}, matrixDesc(tensor).data_type(), memory::format_tag::ba};
}

void check(const Node &node, bool transposeA, bool transposeB) {
  if (node.inputs.size() != 2 || node.outputs.size() != 1)
    fail(Code::PlanInvalid, node, "operands", "2 inputs and 1 output",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
  const auto &a = *node.inputs[0], &b = *node.inputs[1], &y = *node.outputs[0];
  for (const auto *tensor : {&a, &b, &y}) {
    if (tensor->rank() != 2)
      fail(Code::Shape, node, "'" + tensor->name + "'", "rank 2", printShape(tensor->shape));
    if (tensor->dtype != DType::F32)
      fail(Code::DType, node, "'" + tensor->name + "'", "f32", dtypeName(tensor->dtype));
  }
  const auto inner = a.shape[transposeA ? 0 : 1], innerB = b.shape[transposeB ? 1 : 0];
  if (inner != innerB)
    fail(Code::Shape, node, "inner extent of b", std::to_string(inner), std::to_string(innerB));
  requireShape(node, "y", {a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]}, y.shape);
}

} // namespace

Kernel matmul(const Node &node) {
  const bool transposeA = node.attributes.boolean("transposeA", false);
  const bool transposeB = node.attributes.boolean("transposeB", false);
  check(node, transposeA, transposeB);
  return guarded(node, [&] {
    const auto a = operandDesc(*node.inputs[0], transposeA), b = operandDesc(*node.inputs[1], transposeB);
    const auto y = matrixDesc(*node.outputs[0]);
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::matmul::primitive_desc desc({a, b, y}, attr, engine());
    auto call = std::make_shared<Call>(dnnl::matmul(desc), desc.scratchpad_desc());
    call->input(DNNL_ARG_SRC, node.inputs[0], a, a);
    call->input(DNNL_ARG_WEIGHTS, node.inputs[1], b, b);
    call->output(DNNL_ARG_DST, node.outputs[0], y, y);
    return kernelOf(desc.impl_info_str(), call);
  });
}

} // namespace dualpath::cpu
