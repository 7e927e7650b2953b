#include "../engine/region.h"
#include "copies.h"
#include "cudnn.h"
#include "kernels.h"
#include "switches.h"

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
    auto *imageCopy = reinterpret_cast<float *>(scratch);
    auto *weightCopy = reinterpret_cast<float *>(scratch + request.imageBytes());
    auto *x = request.copiesImage() ? imageCopy : image->as<float>();
    auto *w = request.copiesWeights() ? weightCopy : weights->as<float>();
    if (request.copiesImage() && request.pass != ConvolutionPass::GradX)
      padImages(request, image->as<float>(), x);
    if (request.copiesWeights() && request.pass != ConvolutionPass::GradW)
      weightsToChannelsLast(request, weights->as<float>(), w);
    call->run(x, w, result->data, scratch + request.imageBytes() + request.weightBytes());
    if (request.copiesImage() && request.pass == ConvolutionPass::GradX)
      cropImages(request, x, image->as<float>());
    if (request.copiesWeights() && request.pass == ConvolutionPass::GradW)
      weightsFromChannelsLast(request, w, weights->as<float>());
  }
};

Kernel kernelOf(const Node &node) {
  const auto shape = convolutionShape(node);
  const auto request = convolutionRequest(node);
  const Convolution convolution{request, shape.source, shape.weights, shape.destination,
                                convolutionCall(node, request, tf32Wanted())};
  return {convolution.call->engine(), convolution.scratchBytes(),
          [convolution](std::byte *scratch) { convolution.run(scratch); }};
}

} // namespace

Kernel conv2d(const Node &node) { return kernelOf(node); }
Kernel conv2dGradX(const Node &node) { return kernelOf(node); }
Kernel conv2dGradW(const Node &node) { return kernelOf(node); }

} // namespace dualpath::cuda
