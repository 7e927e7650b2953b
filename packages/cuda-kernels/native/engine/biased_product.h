#pragma once

#include "kernel.h"

namespace dualpath {

/// What a node of `matmulBias` or `conv2dBias` computes: a product, plus a bias over its last axis, and
/// perhaps ReLU on that.
struct BiasedProduct {
  Node product;
  Tensor *bias;
  bool relu;
};

/// Takes such a node apart; `op` is the product's. Throws SHAPE, DTYPE or PLAN_INVALID where the bias does
/// not fit.
BiasedProduct biasedProduct(const Node &node, const char *op);

/// The node as the three ops that it stands for, in place on its result: for a library without a kernel that
/// does them in one.
Kernel stepByStep(const Node &node, const char *op, Prepare product, Prepare biasAdd, Prepare relu);

} // namespace dualpath
