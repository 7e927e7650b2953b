#include "convolution_request.h"

#include "../engine/region.h"

namespace dualpath::cuda {
namespace {

/// (outer, inner, rows, columns) with `inner` the fastest.
TensorRequest channelsLast(int64_t outer, int64_t inner, int64_t rows, int64_t columns, DType type) {
  return {{outer, inner, rows, columns}, {rows * columns * inner, 1, columns * inner, inner}, type};
}

ConvolutionPass passOf(const std::string &op) {
  if (op == "conv2d")
    return ConvolutionPass::Forward;
  return op == "conv2dGradX" ? ConvolutionPass::GradX : ConvolutionPass::GradW;
}

/// Squares lie behind the sums, and cuDNN takes only what begins at a multiple of 16 bytes.
bool wantsSums(const Node &node, int64_t channels) {
  return node.attributes.boolean("sums", false) && channels % 4 == 0;
}

functors::Margins marginsOf(const ConvolutionShape &shape) {
  const auto &x = shape.source->shape;
  functors::Margins margins{x[1], 0, 0, x[2] * x[3], 0, 0};
  if (shape.padBegin != shape.padEnd) {
    margins.top = shape.padBegin[0], margins.bottom = shape.padEnd[0];
    margins.before = shape.padBegin[1] * x[3], margins.after = shape.padEnd[1] * x[3];
  }
  return margins;
}

} // namespace

bool ConvolutionRequest::copiesImage() const {
  return margins.top + margins.bottom + margins.before + margins.after > 0;
}

bool ConvolutionRequest::narrow() const {
  const auto is = [](const TensorRequest &tensor) { return tensor.type == DType::BF16; };
  return is(image) || is(weights) || is(result);
}

const TensorRequest &ConvolutionRequest::computed() const {
  if (pass == ConvolutionPass::Forward)
    return result;
  return pass == ConvolutionPass::GradX ? image : weights;
}

ConvolutionRequest ConvolutionRequest::withNarrowResult() const {
  auto request = *this;
  for (auto *tensor : {&request.image, &request.weights, &request.result})
    tensor->type = DType::BF16;
  return request;
}

ConvolutionRequest ConvolutionRequest::withoutSums() const {
  auto request = *this;
  request.sums = false;
  return request;
}

bool ConvolutionRequest::copiesWeights() const {
  const auto &e = weights.extents;
  return e[1] > 1 && e[2] * e[3] > 1;
}

size_t ConvolutionRequest::bytesOf(const TensorRequest &tensor) {
  size_t bytes = sizeOf(tensor.type);
  for (auto extent : tensor.extents)
    bytes *= static_cast<size_t>(extent);
  return alignUp(bytes);
}

ConvolutionRequest convolutionRequest(const Node &node) {
  const auto shape = convolutionShape(node);
  const auto &x = shape.source->shape, &w = shape.weights->shape, &y = shape.destination->shape;
  const auto margins = marginsOf(shape);
  ConvolutionRequest request{passOf(node.op),
                             {},
                             {},
                             {},
                             shape.padBegin,
                             shape.strides,
                             {},
                             margins,
                             node.attributes.boolean("tf32", false)};
  request.image =
      channelsLast(x[0], x[3], margins.paddedHeight(), margins.paddedInner() / x[3], shape.source->dtype);
  request.weights = channelsLast(w[0], w[1], w[2], w[3], shape.weights->dtype);
  request.result = channelsLast(y[0], y[3], y[1], y[2], shape.destination->dtype);
  if (request.copiesImage())
    request.padding = {0, 0};
  request.sums = wantsSums(node, y[3]);
  for (auto gap : shape.gaps)
    request.dilations.push_back(gap + 1);
  return request;
}

} // namespace dualpath::cuda
