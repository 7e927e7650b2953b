#include "convolution_shape.h"

#include "product_types.h"

namespace dualpath {
namespace {

void assignRoles(const Node &node, ConvolutionShape &shape) {
  if (node.inputs.size() != 2 || node.outputs.size() != 1)
    fail(Code::PlanInvalid, node, "operands", "2 inputs and 1 output",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
  const Tensor *first = node.inputs[0], *second = node.inputs[1], *result = node.outputs[0];
  if (node.op == "conv2d") {
    shape.source = first, shape.weights = second, shape.destination = result;
  } else if (node.op == "conv2dGradX") {
    shape.destination = first, shape.weights = second, shape.source = result;
    requireShape(node, "inputShape", node.attributes.integers("inputShape", 4), result->shape);
  } else {
    shape.source = first, shape.destination = second, shape.weights = result;
    requireShape(node, "weightShape", node.attributes.integers("weightShape", 4), result->shape);
  }
}

void checkOperands(const Node &node, const ConvolutionShape &shape) {
  for (const auto *tensor : {shape.source, shape.weights, shape.destination})
    if (tensor->rank() != 4)
      fail(Code::Shape, node, "'" + tensor->name + "'", "rank 4", printShape(tensor->shape));
  requireProductTypes(node);
}

void readGeometry(const Node &node, ConvolutionShape &shape) {
  const auto &attributes = node.attributes;
  shape.strides = attributes.integers("stride", 2);
  const auto pad = attributes.integers("pad", 4); // top, bottom, left, right
  shape.padBegin = {pad[0], pad[2]};
  shape.padEnd = {pad[1], pad[3]};
  const auto dilation = attributes.integers("dilation", 2);
  shape.gaps = {dilation[0] - 1, dilation[1] - 1};
  shape.groups = attributes.integer("groups");
  for (int axis = 0; axis < 2; ++axis)
    if (shape.strides[axis] < 1 || dilation[axis] < 1 || shape.padBegin[axis] < 0 || shape.padEnd[axis] < 0)
      fail(Code::Attribute, node, "stride, dilation, pad", "positive, positive, not negative",
           std::to_string(shape.strides[axis]) + ", " + std::to_string(dilation[axis]) + ", " +
               std::to_string(std::min(shape.padBegin[axis], shape.padEnd[axis])));
}

int64_t outputExtent(const ConvolutionShape &shape, int axis) {
  const auto reach = (shape.gaps[axis] + 1) * (shape.weights->shape[2 + axis] - 1) + 1;
  const auto padded = shape.source->shape[1 + axis] + shape.padBegin[axis] + shape.padEnd[axis];
  return padded < reach ? 0 : (padded - reach) / shape.strides[axis] + 1;
}

void checkExtents(const Node &node, const ConvolutionShape &shape) {
  const auto &x = shape.source->shape, &w = shape.weights->shape;
  if (shape.groups < 1 || x[3] % shape.groups != 0 || w[0] % shape.groups != 0)
    fail(Code::Attribute, node, "groups",
         "a divisor of " + std::to_string(x[3]) + " and " + std::to_string(w[0]),
         std::to_string(shape.groups));
  if (w[1] * shape.groups != x[3])
    fail(Code::Shape, node, "input channels of w", std::to_string(x[3] / shape.groups), std::to_string(w[1]));
  requireShape(node, "y", {x[0], outputExtent(shape, 0), outputExtent(shape, 1), w[0]},
               shape.destination->shape);
}

} // namespace

ConvolutionShape convolutionShape(const Node &node) {
  ConvolutionShape shape{};
  assignRoles(node, shape);
  checkOperands(node, shape);
  readGeometry(node, shape);
  checkExtents(node, shape);
  return shape;
}

} // namespace dualpath
