#pragma once

#include "../engine/convolution_shape.h"
#include "epilogue.h"

namespace dualpath::cpu {

/// 3 x 3 convolutions of stride 1 by Winograd's minimal filtering: transforms around one matrix product for
/// each of the 16 or 36 products of a tile. The epilogue belongs to the last transform.
Kernel conv2dByWinograd(const ConvolutionShape &shape, const Epilogue &epilogue);
Kernel conv2dGradXByWinograd(const ConvolutionShape &shape);
Kernel conv2dGradWByWinograd(const ConvolutionShape &shape);

/// Whether the kernels above take the convolution and are faster than the library's.
bool prefersWinograd(const ConvolutionShape &shape);

} // namespace dualpath::cpu
