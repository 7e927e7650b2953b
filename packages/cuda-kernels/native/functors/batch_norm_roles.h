#pragma once

#include "activation.h"

namespace dualpath::functors {

/// Operands of the batch norm ops by role. Where an op has no such operand the pointer is null.
struct NormRoles {
  const Tensor *x = nullptr, *gamma = nullptr, *beta = nullptr, *mean = nullptr, *variance = nullptr;
  const Tensor *y = nullptr, *dy = nullptr, *residual = nullptr;
  const Tensor *dx = nullptr, *dgamma = nullptr, *dbeta = nullptr, *dresidual = nullptr;
  Activation activation;
  bool frozen = false;
  double epsilon = 0;
};

inline void requireArity(const Node &node, size_t inputs, size_t outputs) {
  if (node.inputs.size() != inputs || node.outputs.size() != outputs)
    fail(Code::PlanInvalid, node, "operands",
         std::to_string(inputs) + " inputs and " + std::to_string(outputs) + " outputs",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
}

/// Images share one shape, of rank 2 or 4 with channels last, and one type, f32 or bf16; vectors have one f32
/// number a channel.
inline void requireNormShapes(const Node &node, const NormRoles &roles) {
  const auto &shape = roles.x->shape;
  if (shape.size() != 2 && shape.size() != 4)
    fail(Code::Shape, node, "x", "rank 2 or 4", printShape(shape));
  for (const auto *image : {roles.y, roles.dy, roles.residual, roles.dx, roles.dresidual})
    if (image)
      requireShape(node, "'" + image->name + "'", shape, image->shape);
  for (const auto *channel : {roles.gamma, roles.beta, roles.mean, roles.variance, roles.dgamma, roles.dbeta})
    if (channel)
      requireShape(node, "'" + channel->name + "'", {shape.back()}, channel->shape);
  const auto requireType = [&](const Tensor *tensor, DType dtype) {
    if (tensor && tensor->dtype != dtype)
      fail(Code::DType, node, "'" + tensor->name + "'", dtypeName(dtype), dtypeName(tensor->dtype));
  };
  const auto storage = roles.x->dtype == DType::BF16 ? DType::BF16 : DType::F32;
  for (const auto *image : {roles.x, roles.y, roles.dy, roles.residual, roles.dx, roles.dresidual})
    requireType(image, storage);
  for (const auto *channel : {roles.gamma, roles.beta, roles.mean, roles.variance, roles.dgamma, roles.dbeta})
    requireType(channel, DType::F32);
}

/// Inputs x, gamma, beta, then mean and variance when they are frozen, or the residual; outputs y, then mean
/// and variance when they are not.
inline NormRoles forwardRoles(const Node &node, bool frozen, bool residual) {
  requireArity(node, 3 + 2 * frozen + residual, frozen ? 1 : 3);
  NormRoles roles;
  roles.x = node.inputs[0], roles.gamma = node.inputs[1], roles.beta = node.inputs[2];
  roles.residual = residual ? node.inputs[3] : nullptr;
  roles.y = node.outputs[0];
  roles.mean = frozen ? node.inputs[3] : node.outputs[1];
  roles.variance = frozen ? node.inputs[4] : node.outputs[2];
  roles.frozen = frozen;
  roles.activation = residual ? Activation{} : activationOf(node);
  roles.epsilon = node.attributes.number("epsilon");
  requireNormShapes(node, roles);
  return roles;
}

/// Inputs dy, x, gamma, mean, variance, y, of which the last is read only where an activation cuts; outputs
/// dx, dgamma, dbeta and the residual's gradient.
inline NormRoles backwardRoles(const Node &node, bool frozen, bool residual) {
  requireArity(node, 6, 3 + residual);
  NormRoles roles;
  roles.dy = node.inputs[0], roles.x = node.inputs[1], roles.gamma = node.inputs[2];
  roles.mean = node.inputs[3], roles.variance = node.inputs[4], roles.y = node.inputs[5];
  roles.dx = node.outputs[0], roles.dgamma = node.outputs[1], roles.dbeta = node.outputs[2];
  roles.dresidual = residual ? node.outputs[3] : nullptr;
  roles.frozen = frozen;
  roles.activation = residual ? Activation{} : activationOf(node);
  roles.epsilon = node.attributes.number("epsilon");
  requireNormShapes(node, roles);
  if (!roles.activation.cuts())
    roles.y = nullptr;
  return roles;
}

} // namespace dualpath::functors
