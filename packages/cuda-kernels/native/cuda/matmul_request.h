#pragma once

#include "epilogue.h"

namespace dualpath::cuda {

/// A stored matrix as cuBLASLt sees it: column-major, so that the plan's rows are its columns.
struct MatrixRequest {
  int64_t rows, columns; // leading dimension = rows
  bool transposed;
  DType type = DType::F32;
};

/// y = a b of row-major matrices, which is y^T = b^T a^T of column-major ones: cuBLASLt's first operand is b.
struct MatmulRequest {
  MatrixRequest first, second, result;
  bool accumulate = false; // the product is added to what the result holds
  bool tf32 = false;       // inputs may be rounded to TF32
  Epilogue epilogue = Epilogue::None;
};

/// Reads and checks a matmul node.
MatmulRequest matmulRequest(const Node &node);

/// The request of y[m, n] = a[m, k] b[k, n] on raw row-major matrices; a transposed one is stored the other
/// way round.
MatmulRequest rawProductRequest(int64_t m, int64_t k, int64_t n, bool transposeA, bool transposeB,
                                bool accumulate, bool tf32);

} // namespace dualpath::cuda
