#include "matmul_request.h"

#include "../engine/matmul_shape.h"

namespace dualpath::cuda {
namespace {

MatrixRequest columnMajor(const Tensor &tensor, bool transposed) {
  return {tensor.shape[1], tensor.shape[0], transposed};
}

} // namespace

MatmulRequest matmulRequest(const Node &node) {
  const auto shape = matmulShape(node);
  return {columnMajor(*shape.b, shape.transposeB), columnMajor(*shape.a, shape.transposeA),
          columnMajor(*shape.y, false)};
}

} // namespace dualpath::cuda
