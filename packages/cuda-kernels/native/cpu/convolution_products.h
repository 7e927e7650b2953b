#pragma once

#include "../engine/convolution_shape.h"
#include "epilogue.h"

namespace dualpath::cpu {

/// Convolutions as matrix products over gathered patches: for sequences, where the library's kernels find too
/// few pixels in a row, and where it has nothing but its reference loops. Groups are not supported.
Kernel conv2dByProducts(const ConvolutionShape &shape, const Epilogue &epilogue);
Kernel conv2dGradXByProducts(const ConvolutionShape &shape);
Kernel conv2dGradWByProducts(const ConvolutionShape &shape);

/// Whether the source is a sequence: one row of pixels.
bool isSequence(const ConvolutionShape &shape);

} // namespace dualpath::cpu
