#include "../engine/region.h"
#include "batch_norm_passes.h"
#include "kernels.h"

#include <cmath>

namespace dualpath::cpu {
namespace {

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

/// Vectors by channel that live in scratch, behind the partial sums.
struct Work {
  ChannelTiles tiles;
  explicit Work(const Tensor &x) : tiles(x) {}

  size_t partialBytes() const { return alignUp(tiles.parts() * 2 * tiles.channels() * sizeof(float)); }
  size_t vectorBytes() const { return alignUp(tiles.channels() * sizeof(float)); }
  size_t bytes() const { return partialBytes() + 3 * vectorBytes(); }
  float *partial(std::byte *scratch) const { return reinterpret_cast<float *>(scratch); }
  float *vector(std::byte *scratch, int which) const {
    return reinterpret_cast<float *>(scratch + partialBytes() + which * vectorBytes());
  }
};

double inverseDeviation(const Tensor *variance, int64_t channel, double epsilon) {
  return 1.0 / std::sqrt(variance->as<float>()[channel] + epsilon);
}

/// The first pixel of every channel; in any layout it lies within the first image's blocks.
void firstPixel(const Tensor &x, float *to) {
  const auto channels = x.shape.back(), block = blockOf(x.layout) ? blockOf(x.layout) : channels;
  const auto pixels = blockOf(x.layout) ? x.shape[1] * x.shape[2] : 1;
  for (int64_t c = 0; c < channels; ++c)
    to[c] = x.as<float>()[c / block * pixels * block + c % block];
}

void batchStatistics(const Work &work, const Roles &roles, std::byte *scratch) {
  auto *shift = work.vector(scratch, 0), *partial = work.partial(scratch);
  firstPixel(*roles.x, shift);
  sumShifted(work.tiles, roles.x->as<float>(), shift, partial);
  const Sums sums{work.tiles, partial};
  const auto count = static_cast<double>(work.tiles.pixels());
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double drift = sums.total(0, c) / count;
    roles.mean->as<float>()[c] = static_cast<float>(shift[c] + drift);
    roles.variance->as<float>()[c] =
        static_cast<float>(std::max(0.0, sums.total(1, c) / count - drift * drift));
  }
}

void normalise(const Work &work, const Roles &roles, double epsilon, bool relu, std::byte *scratch) {
  auto *factor = work.vector(scratch, 1), *offset = work.vector(scratch, 2);
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double scale = roles.gamma->as<float>()[c] * inverseDeviation(roles.variance, c, epsilon);
    factor[c] = static_cast<float>(scale);
    offset[c] = static_cast<float>(roles.beta->as<float>()[c] - scale * roles.mean->as<float>()[c]);
  }
  const auto *residual = roles.residual ? roles.residual->as<float>() : nullptr;
  applyAffine(work.tiles, roles.x->as<float>(), {factor, offset, residual, relu}, roles.y->as<float>());
}

Kernel forward(const Node &node, const Roles &roles, bool frozen) {
  checkShapes(node, roles);
  const bool relu = roles.residual || node.attributes.boolean("relu");
  const double epsilon = node.attributes.number("epsilon");
  const Work work(*roles.x);
  return {"tiles", work.bytes(), [=](std::byte *scratch) {
            if (!frozen)
              batchStatistics(work, roles, scratch);
            normalise(work, roles, epsilon, relu, scratch);
          }};
}

/// dx = gamma / deviation (g - mean(g) - normalised mean(g normalised)); frozen statistics have no means to
/// follow.
void gradientAffine(const Work &work, const Roles &roles, double epsilon, bool frozen, std::byte *scratch) {
  const Sums sums{work.tiles, work.partial(scratch)};
  const auto count = static_cast<double>(work.tiles.pixels());
  float *a = work.vector(scratch, 0), *b = work.vector(scratch, 1), *offset = work.vector(scratch, 2);
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double inverse = inverseDeviation(roles.variance, c, epsilon);
    const double dbeta = sums.total(0, c), dgamma = sums.total(1, c) * inverse;
    const double scale = roles.gamma->as<float>()[c] * inverse;
    const double slope = frozen ? 0.0 : -scale * inverse * dgamma / count;
    roles.dgamma->as<float>()[c] = static_cast<float>(dgamma);
    roles.dbeta->as<float>()[c] = static_cast<float>(dbeta);
    a[c] = static_cast<float>(scale);
    b[c] = static_cast<float>(slope);
    offset[c] =
        static_cast<float>(frozen ? 0.0 : -scale * dbeta / count - slope * roles.mean->as<float>()[c]);
  }
}

Kernel backward(const Node &node, const Roles &roles, bool frozen) {
  checkShapes(node, roles);
  const bool relu = roles.dresidual || node.attributes.boolean("relu");
  const double epsilon = node.attributes.number("epsilon");
  const Work work(*roles.x);
  return {"tiles", work.bytes(), [=](std::byte *scratch) {
            const auto *x = roles.x->as<float>();
            auto *kept = roles.dresidual ? roles.dresidual->as<float>() : nullptr;
            Gradient gradient{roles.dy->as<float>(), relu ? roles.y->as<float>() : nullptr};
            sumGradient(work.tiles, gradient, x, roles.mean->as<float>(), kept, work.partial(scratch));
            gradientAffine(work, roles, epsilon, frozen, scratch);
            if (kept)
              gradient = {kept, nullptr};
            applyGradient(work.tiles, gradient, x,
                          {work.vector(scratch, 0), work.vector(scratch, 1), work.vector(scratch, 2)},
                          roles.dx->as<float>());
          }};
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
