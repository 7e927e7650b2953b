#pragma once

#include "convolution_request.h"

/// Copies that bring a convolution's operands into the form that cuDNN is asked for, and back.
namespace dualpath::cuda {

void padImages(const ConvolutionRequest &request, const void *images, void *padded);
void cropImages(const ConvolutionRequest &request, const void *padded, void *images);
/// bf16 numbers as f32.
void widen(const TensorRequest &tensor, const void *narrow, void *floats);
/// Weights (O, I, KH, KW) to channels last, and back.
void weightsToChannelsLast(const ConvolutionRequest &request, const void *weights, void *copy);
void weightsFromChannelsLast(const ConvolutionRequest &request, const void *copy, void *weights);

} // namespace dualpath::cuda
