#include "../engine/biased_product.h"
#include "../engine/matmul_shape.h"
#include "kernels.h"
#include "narrow.h"
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

Kernel product(const Node &node) {
  const auto shape = matmulShape(node);
  return guarded(node, [&] {
    const auto a = operandDesc(*shape.a, shape.transposeA), b = operandDesc(*shape.b, shape.transposeB);
    const auto y = matrixDesc(*shape.y);
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

} // namespace

/// The library's product takes either type.
Kernel matmul(const Node &node) { return byStorage(node, product, product); }
Kernel matmulBias(const Node &node) { return stepByStep(node, "matmul", matmul, biasAdd, relu); }

} // namespace dualpath::cpu
