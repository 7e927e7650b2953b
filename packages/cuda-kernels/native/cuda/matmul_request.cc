#include "matmul_request.h"

#include "../engine/matmul_shape.h"

namespace dualpath::cuda {
namespace {

MatrixRequest columnMajor(const Tensor &tensor, bool transposed) {
  return {tensor.shape[1], tensor.shape[0], transposed, tensor.dtype};
}

} // namespace

MatmulRequest matmulRequest(const Node &node) {
  const auto shape = matmulShape(node);
  return {columnMajor(*shape.b, shape.transposeB), columnMajor(*shape.a, shape.transposeA),
          columnMajor(*shape.y, false), false, node.attributes.boolean("tf32", false)};
}

MatmulRequest rawProductRequest(int64_t m, int64_t k, int64_t n, bool transposeA, bool transposeB,
                                bool accumulate, bool tf32) {
  const auto stored = [](int64_t rows, int64_t columns, bool transposed) {
    return transposed ? MatrixRequest{rows, columns, true} : MatrixRequest{columns, rows, false};
  };
  return {stored(k, n, transposeB), stored(m, k, transposeA), stored(m, n, false), accumulate, tf32};
}

} // namespace dualpath::cuda
