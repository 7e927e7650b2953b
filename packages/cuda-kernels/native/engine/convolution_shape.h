#pragma once

#include "kernel.h"

#include <vector>

namespace dualpath {

/// The operands of a convolution in their roles, whichever of the three ops the node is, and its geometry.
struct ConvolutionShape {
  const Tensor *source;                                 // x or dx, (N, H, W, I)
  const Tensor *weights;                                // w or dw, (O, I / groups, KH, KW)
  const Tensor *destination;                            // y or dy, (N, OH, OW, O)
  std::vector<int64_t> strides, gaps, padBegin, padEnd; // gaps: dilation - 1
  int64_t groups;
};

/// Reads and checks a conv2d, conv2dGradX or conv2dGradW node.
ConvolutionShape convolutionShape(const Node &node);

} // namespace dualpath
