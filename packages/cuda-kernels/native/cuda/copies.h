#pragma once

#include "convolution_request.h"

/// Copies that bring a convolution's operands into the form that cuDNN is asked for, and back.
namespace dualpath::cuda {

void padImages(const ConvolutionRequest &request, const float *images, float *padded);
void cropImages(const ConvolutionRequest &request, const float *padded, float *images);
/// Weights (O, I, KH, KW) to channels last, and back.
void weightsToChannelsLast(const ConvolutionRequest &request, const float *weights, float *copy);
void weightsFromChannelsLast(const ConvolutionRequest &request, const float *copy, float *weights);

} // namespace dualpath::cuda
