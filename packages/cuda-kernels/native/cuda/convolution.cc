#include "../engine/region.h"
#include "copies.h"
#include "cudnn.h"
#include "kernels.h"

namespace dualpath::cuda {
namespace {

/// A prepared convolution: scratch holds the copied image, the copied weights, a narrow result that is still
/// to be widened, and cuDNN's workspace.
struct Convolution {
  ConvolutionRequest request;
  const Tensor *image, *weights, *result;
  std::shared_ptr<ConvolutionCall> call;
  bool widens = false;
  const Tensor *bias = nullptr; // of an epilogue

  size_t narrowAt() const { return request.imageBytes() + request.weightBytes(); }
  size_t workspaceAt() const {
    return narrowAt() + (widens ? ConvolutionRequest::bytesOf(request.computed()) : 0);
  }
  size_t scratchBytes() const { return workspaceAt() + call->workspaceBytes(); }
  std::string name() const {
    return call->engine() + printed(request.epilogue) + (request.sums ? " with statistics" : "") +
           (widens ? ", widened" : "");
  }

  void run(std::byte *scratch) const {
    void *x = request.copiesImage() ? scratch : image->data;
    void *w = request.copiesWeights() ? scratch + request.imageBytes() : weights->data;
    if (request.copiesImage() && request.pass != ConvolutionPass::GradX)
      padImages(request, image->data, x);
    if (request.copiesWeights() && request.pass != ConvolutionPass::GradW)
      weightsToChannelsLast(request, weights->data, w);
    compute(x, w, result->data, scratch);
    if (request.copiesImage() && request.pass == ConvolutionPass::GradX)
      cropImages(request, x, image->data);
    if (request.copiesWeights() && request.pass == ConvolutionPass::GradW)
      weightsFromChannelsLast(request, w, weights->data);
  }

private:
  void compute(void *x, void *w, void *y, std::byte *scratch) const {
    const auto pass = request.pass;
    void *&computed = pass == ConvolutionPass::Forward ? y : pass == ConvolutionPass::GradX ? x : w;
    void *wanted = computed;
    if (widens)
      computed = scratch + narrowAt();
    call->run({x, w, y, bias ? bias->data : nullptr, request.sums ? result->sums->as<float>() : nullptr},
              scratch + workspaceAt());
    if (widens)
      widen(request.computed(), computed, wanted);
  }
};

/// Where cuDNN has no engine from bf16 to f32, one to bf16 is taken, and its result widened.
Convolution prepare(const Node &node, const ConvolutionRequest &request) {
  const auto shape = convolutionShape(node);
  const bool mixed = request.narrow() && request.computed().type != DType::BF16;
  try {
    return {request, shape.source, shape.weights, shape.destination, convolutionCall(node, request)};
  } catch (const Failure &) {
    if (!mixed)
      throw;
    return {request,
            shape.source,
            shape.weights,
            shape.destination,
            convolutionCall(node, request.withNarrowResult()),
            true};
  }
}

/// Throws INTERNAL where cuDNN has no engine with the epilogue.
Convolution prepare(const Node &node, const BiasedProduct &whole) {
  const auto shape = convolutionShape(whole.product);
  auto request = convolutionRequest(whole.product);
  request.epilogue = epilogueOf(whole);
  return {request, shape.source, shape.weights, shape.destination, convolutionCall(node, request),
          false,   whole.bias};
}

Kernel kernelOf(const Convolution &convolution) {
  return {convolution.name(), convolution.scratchBytes(),
          [convolution](std::byte *scratch) { convolution.run(scratch); }, convolution.request.sums};
}

} // namespace

Kernel conv2d(const Node &node) {
  const auto request = convolutionRequest(node);
  try {
    return kernelOf(prepare(node, request));
  } catch (const Failure &) {
    if (!request.sums)
      throw;
    return kernelOf(prepare(node, request.withoutSums()));
  }
}

Kernel conv2dGradX(const Node &node) { return kernelOf(prepare(node, convolutionRequest(node))); }
Kernel conv2dGradW(const Node &node) { return kernelOf(prepare(node, convolutionRequest(node))); }

Kernel conv2dBias(const Node &node) {
  const auto whole = biasedProduct(node, "conv2d");
  try {
    return kernelOf(prepare(node, whole));
  } catch (const Failure &) {
    return stepByStep(node, "conv2d", conv2d, biasAdd, relu);
  }
}

} // namespace dualpath::cuda
