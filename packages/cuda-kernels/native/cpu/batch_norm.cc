#include "kernels.h"
#include "onednn.h"

#include <cstring>

namespace dualpath::cpu {
namespace {

using dnnl::batch_normalization_backward;
using dnnl::batch_normalization_forward;
using dnnl::normalization_flags;

/// Operands by role. Where an op has no such operand the pointer is null.
struct Roles {
  const Tensor *x = nullptr, *gamma = nullptr, *beta = nullptr, *mean = nullptr, *variance = nullptr;
  const Tensor *y = nullptr, *dy = nullptr, *residual = nullptr;
  const Tensor *dx = nullptr, *dgamma = nullptr, *dbeta = nullptr, *dresidual = nullptr;
};

void checkArity(const Node &node, size_t inputs, size_t outputs) {
  if (node.inputs.size() != inputs || node.outputs.size() != outputs)
    fail(Code::PlanInvalid, node, "operands",
         std::to_string(inputs) + " inputs and " + std::to_string(outputs) + " outputs",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
}

void checkShapes(const Node &node, const Roles &roles) {
  const auto &shape = roles.x->shape;
  if (shape.size() != 2 && shape.size() != 4)
    fail(Code::Shape, node, "x", "rank 2 or 4", printShape(shape));
  for (const auto *image : {roles.y, roles.dy, roles.residual, roles.dx, roles.dresidual})
    if (image)
      requireShape(node, "'" + image->name + "'", shape, image->shape);
  for (const auto *channel : {roles.gamma, roles.beta, roles.mean, roles.variance, roles.dgamma, roles.dbeta})
    if (channel)
      requireShape(node, "'" + channel->name + "'", {shape.back()}, channel->shape);
  for (const auto *side : {&node.inputs, &node.outputs})
    for (const auto *tensor : *side)
      if (tensor->dtype != DType::F32)
        fail(Code::DType, node, "'" + tensor->name + "'", "f32", dtypeName(tensor->dtype));
}

/// Rows of a matrix are images of one pixel.
memory::desc pixelsDesc(const Tensor &tensor) {
  if (tensor.rank() == 4)
    return imageDesc(tensor);
  Tensor image = tensor;
  image.shape = {tensor.shape[0], 1, 1, tensor.shape[1]};
  return imageDesc(image);
}

normalization_flags flagsOf(bool frozen, bool relu) {
  auto flags = normalization_flags::use_scale_shift;
  if (frozen)
    flags |= normalization_flags::use_global_stats;
  if (relu)
    flags |= normalization_flags::fuse_norm_relu;
  return flags;
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

/// The library wants gamma and beta one behind the other.
void copyPair(std::byte *to, const Tensor *first, const Tensor *second) {
  std::memcpy(to, first->data, first->bytes());
  std::memcpy(to + first->bytes(), second->data, second->bytes());
}

batch_normalization_forward::primitive_desc forwardDesc(const Node &node, const Tensor &x, bool frozen, bool relu) {
  const auto kind = frozen ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  const auto epsilon = static_cast<float>(node.attributes.number("epsilon"));
  const batch_normalization_forward::desc desc(kind, pixelsDesc(x), epsilon, flagsOf(frozen, relu));
  return {desc, attributes(), engine()};
}

/// y = relu(y + residual), all three in one layout.
void addRelu(const Tensor *y, const Tensor *residual) {
  auto *to = y->as<float>();
  const auto *from = residual->as<const float>();
  const auto count = y->count();
#pragma omp parallel for simd
  for (int64_t i = 0; i < count; ++i)
    to[i] = std::max(0.0f, to[i] + from[i]);
}

/// to = dy where y > 0, else 0.
void maskByOutput(const Tensor *dy, const Tensor *y, const Tensor *to) {
  const auto *gradient = dy->as<const float>(), *output = y->as<const float>();
  auto *masked = to->as<float>();
  const auto count = dy->count();
#pragma omp parallel for simd
  for (int64_t i = 0; i < count; ++i)
    masked[i] = output[i] > 0.0f ? gradient[i] : 0.0f;
}

Kernel forward(const Node &node, const Roles &roles, bool frozen) {
  checkShapes(node, roles);
  const bool relu = !roles.residual && node.attributes.boolean("relu");
  return guarded(node, [&] {
    const auto desc = forwardDesc(node, *roles.x, frozen, relu);
    auto call = std::make_shared<Call>(batch_normalization_forward(desc), desc.scratchpad_desc());
    const auto stored = pixelsDesc(*roles.x), statistics = matrixDesc(*roles.mean);
    call->input(DNNL_ARG_SRC, roles.x, stored, stored);
    const auto pair = call->temporary(DNNL_ARG_SCALE_SHIFT, desc.weights_desc());
    call->output(DNNL_ARG_DST, roles.y, pixelsDesc(*roles.y), stored);
    call->output(DNNL_ARG_MEAN, roles.mean, statistics, statistics);
    call->output(DNNL_ARG_VARIANCE, roles.variance, statistics, statistics);
    if (relu && !frozen) // the mask, which the backward node recovers from y
      call->temporary(DNNL_ARG_WORKSPACE, desc.workspace_desc());
    auto kernel = kernelOf(desc.impl_info_str(), call);
    kernel.run = [call, pair, roles](std::byte *scratch) {
      copyPair(scratch + pair, roles.gamma, roles.beta);
      call->run(scratch);
      if (roles.residual)
        addRelu(roles.y, roles.residual);
    };
    return kernel;
  });
}

/// The masked gradient goes where it does no harm: to dresidual when that is asked for, else to dx, which the library
/// may overwrite in place.
Kernel backward(const Node &node, const Roles &roles, bool frozen) {
  checkShapes(node, roles);
  const bool relu = roles.dresidual || node.attributes.boolean("relu");
  const Tensor *masked = roles.dresidual ? roles.dresidual : relu ? roles.dx : nullptr;
  return guarded(node, [&] {
    const auto hint = forwardDesc(node, *roles.x, frozen, false);
    const auto stored = pixelsDesc(*roles.x), statistics = matrixDesc(*roles.mean);
    const auto epsilon = static_cast<float>(node.attributes.number("epsilon"));
    const batch_normalization_backward::desc op(dnnl::prop_kind::backward, stored, stored, epsilon,
                                                flagsOf(frozen, false));
    const batch_normalization_backward::primitive_desc desc(op, attributes(), engine(), hint);
    auto call = std::make_shared<Call>(batch_normalization_backward(desc), desc.scratchpad_desc());
    const Tensor *gradient = masked ? masked : roles.dy;
    call->input(DNNL_ARG_SRC, roles.x, pixelsDesc(*roles.x), stored);
    call->input(DNNL_ARG_DIFF_DST, gradient, pixelsDesc(*gradient), stored);
    call->input(DNNL_ARG_MEAN, roles.mean, statistics, statistics);
    call->input(DNNL_ARG_VARIANCE, roles.variance, statistics, statistics);
    const auto pair = call->temporary(DNNL_ARG_SCALE_SHIFT, desc.weights_desc());
    const auto pairGradient = call->temporary(DNNL_ARG_DIFF_SCALE_SHIFT, desc.diff_weights_desc());
    call->output(DNNL_ARG_DIFF_SRC, roles.dx, pixelsDesc(*roles.dx), stored);
    auto kernel = kernelOf(desc.impl_info_str(), call);
    kernel.run = [call, pair, pairGradient, masked, roles](std::byte *scratch) {
      if (masked)
        maskByOutput(roles.dy, roles.y, masked);
      copyPair(scratch + pair, roles.gamma, roles.gamma); // the shift plays no part in a gradient
      call->run(scratch);
      std::memcpy(roles.dgamma->data, scratch + pairGradient, roles.dgamma->bytes());
      std::memcpy(roles.dbeta->data, scratch + pairGradient + roles.dgamma->bytes(), roles.dbeta->bytes());
    };
    return kernel;
  });
}

Roles forwardRoles(const Node &node) {
  Roles roles;
  roles.x = node.inputs[0], roles.gamma = node.inputs[1], roles.beta = node.inputs[2];
  roles.y = node.outputs[0];
  return roles;
}

Roles backwardRoles(const Node &node) {
  Roles roles;
  roles.dy = node.inputs[0], roles.x = node.inputs[1], roles.gamma = node.inputs[2];
  roles.mean = node.inputs[3], roles.variance = node.inputs[4], roles.y = node.inputs[5];
  roles.dx = node.outputs[0], roles.dgamma = node.outputs[1], roles.dbeta = node.outputs[2];
  return roles;
}

} // namespace

Kernel batchNorm(const Node &node) {
  checkArity(node, 3, 3);
  auto roles = forwardRoles(node);
  roles.mean = node.outputs[1], roles.variance = node.outputs[2];
  return forward(node, roles, false);
}

Kernel batchNormFrozen(const Node &node) {
  checkArity(node, 5, 1);
  auto roles = forwardRoles(node);
  roles.mean = node.inputs[3], roles.variance = node.inputs[4];
  return forward(node, roles, true);
}

Kernel batchNormAddRelu(const Node &node) {
  checkArity(node, 4, 3);
  auto roles = forwardRoles(node);
  roles.residual = node.inputs[3];
  roles.mean = node.outputs[1], roles.variance = node.outputs[2];
  return forward(node, roles, false);
}

Kernel batchNormGrad(const Node &node) {
  checkArity(node, 6, 3);
  return backward(node, backwardRoles(node), false);
}

Kernel batchNormFrozenGrad(const Node &node) {
  checkArity(node, 6, 3);
  return backward(node, backwardRoles(node), true);
}

Kernel batchNormAddReluGrad(const Node &node) {
  checkArity(node, 6, 4);
  auto roles = backwardRoles(node);
  roles.dresidual = node.outputs[3];
  return backward(node, roles, false);
}

} // namespace dualpath::cpu
