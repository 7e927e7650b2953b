#include "../engine/matmul_shape.h"
#include "epilogue.h"
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

/// The bias is added to every row.
memory::desc rowDesc(const Tensor &bias) {
  return {{1, bias.count()}, dataType(bias.dtype), memory::format_tag::ab};
}

Kernel kernelOf(const Node &node, const MatmulShape &shape, const Epilogue &epilogue) {
  return guarded(node, [&] {
    const auto a = operandDesc(*shape.a, shape.transposeA), b = operandDesc(*shape.b, shape.transposeB);
    const auto y = matrixDesc(*shape.y), bias = epilogue.bias ? rowDesc(*epilogue.bias) : memory::desc();
    const dnnl::matmul::primitive_desc desc({a, b, bias, y}, epilogue.attributes(), engine());
    auto call = std::make_shared<Call>(dnnl::matmul(desc), desc.scratchpad_desc());
    call->input(DNNL_ARG_SRC, shape.a, a, a);
    call->input(DNNL_ARG_WEIGHTS, shape.b, b, b);
    if (epilogue.bias)
      call->input(DNNL_ARG_BIAS, epilogue.bias, bias, bias);
    call->output(DNNL_ARG_DST, shape.y, y, y);
    return kernelOf(desc.impl_info_str() + std::string(epilogue.name()), call);
  });
}

Kernel plain(const Node &node) { return kernelOf(node, matmulShape(node), {}); }

Kernel biased(const Node &node) {
  const auto whole = biasedProduct(node, "matmul");
  return kernelOf(node, matmulShape(whole.product), epilogueOf(whole));
}

} // namespace

/// The library's product takes either type.
Kernel matmul(const Node &node) { return byStorage(node, plain, plain); }
Kernel matmulBias(const Node &node) {
  biasedProduct(node, "matmul"); // a bias that does not fit is refused before its type chooses the kernel
  return byStorage(node, biased, biased);
}

} // namespace dualpath::cpu
