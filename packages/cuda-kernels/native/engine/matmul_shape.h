#pragma once

#include "kernel.h"

namespace dualpath {

/// A checked matmul node: y[rows, columns] of a and b, each stored transposed where its flag is set.
struct MatmulShape {
  const Tensor *a, *b, *y;
  bool transposeA, transposeB;
};

/// Throws SHAPE, DTYPE or PLAN_INVALID.
MatmulShape matmulShape(const Node &node);

} // namespace dualpath
