#pragma once

#include "../engine/kernel.h"

namespace dualpath::cuda {

/// A stored matrix as cuBLASLt sees it: column-major, so that the plan's rows are its columns.
struct MatrixRequest {
  int64_t rows, columns; // leading dimension = rows
  bool transposed;
};

/// y = a b of row-major matrices, which is y^T = b^T a^T of column-major ones: cuBLASLt's first operand is b.
struct MatmulRequest {
  MatrixRequest first, second, result;
};

/// Reads and checks a matmul node.
MatmulRequest matmulRequest(const Node &node);

} // namespace dualpath::cuda
