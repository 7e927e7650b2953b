#include "../engine/region.h"
#include "copies.h"
#include "cudnn.h"
#include "kernels.h"

namespace dualpath::cuda {
namespace {

/// A prepared convolution: scratch holds the copied image, the copied weights and cuDNN's workspace.
struct Convolution {
  ConvolutionRequest request;
  const Tensor *image, *weights, *result;
  std::shared_ptr<ConvolutionCall> call;

  size_t scratchBytes() const {
    return request.imageBytes() + request.weightBytes() + call->workspaceBytes();
  }
  void run(std::byte *scratch) const {
    void *x = request.copiesImage() ? scratch : image->data;
    void *w = request.copiesWeights() ? scratch + request.imageBytes() : weights->data;
    if (request.copiesImage() && request.pass != ConvolutionPass::GradX)
      padImages(request, image->data, x);
    if (request.copiesWeights() && request.pass != ConvolutionPass::GradW)
      weightsToChannelsLast(request, weights->data, w);
    call->run(x, w, result->data, scratch + request.imageBytes() + request.weightBytes());
    if (request.copiesImage() && request.pass == ConvolutionPass::GradX)
      cropImages(request, x, image->data);
    if (request.copiesWeights() && request.pass == ConvolutionPass::GradW)
      weightsFromChannelsLast(request, w, weights->data);
  }
};

Kernel kernelOf(const Node &node) {
  const auto shape = convolutionShape(node);
  const auto request = convolutionRequest(node);
  const Convolution convolution{request, shape.source, shape.weights, shape.destination,
                                convolutionCall(node, request)};
  return {convolution.call->engine(), convolution.scratchBytes(),
          [convolution](std::byte *scratch) { convolution.run(scratch); }};
}

} // namespace

Kernel conv2d(const Node &node) { return kernelOf(node); }
Kernel conv2dGradX(const Node &node) { return kernelOf(node); }
Kernel conv2dGradW(const Node &node) { return kernelOf(node); }

} // namespace dualpath::cuda
