#include "../engine/region.h"
#include "../functors/batch_norm_roles.h"
#include "batch_norm_passes.h"
#include "kernels.h"

#include <cmath>

namespace dualpath::cpu {
namespace {

using functors::NormRoles;

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

double inverseDeviation(const NormRoles &roles, int64_t channel) {
  return 1.0 / std::sqrt(roles.variance->as<float>()[channel] + roles.epsilon);
}

/// The first pixel of every channel; in any layout it lies within the first image's blocks.
template <class T> void firstPixel(const Tensor &x, float *to) {
  const auto channels = x.shape.back(), block = blockOf(x.layout) ? blockOf(x.layout) : channels;
  const auto pixels = blockOf(x.layout) ? x.shape[1] * x.shape[2] : 1;
  for (int64_t c = 0; c < channels; ++c)
    to[c] = x.as<T>()[c / block * pixels * block + c % block];
}

template <class T> void batchStatistics(const Work &work, const NormRoles &roles, std::byte *scratch) {
  auto *shift = work.vector(scratch, 0), *partial = work.partial(scratch);
  firstPixel<T>(*roles.x, shift);
  sumShifted<T>(work.tiles, roles.x->as<T>(), shift, partial);
  const Sums sums{work.tiles, partial};
  const auto count = static_cast<double>(work.tiles.pixels());
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double drift = sums.total(0, c) / count;
    roles.mean->as<float>()[c] = static_cast<float>(shift[c] + drift);
    roles.variance->as<float>()[c] =
        static_cast<float>(std::max(0.0, sums.total(1, c) / count - drift * drift));
  }
}

template <class T> void normalise(const Work &work, const NormRoles &roles, std::byte *scratch) {
  auto *factor = work.vector(scratch, 1), *offset = work.vector(scratch, 2);
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double scale = roles.gamma->as<float>()[c] * inverseDeviation(roles, c);
    factor[c] = static_cast<float>(scale);
    offset[c] = static_cast<float>(roles.beta->as<float>()[c] - scale * roles.mean->as<float>()[c]);
  }
  const auto *residual = roles.residual ? roles.residual->as<T>() : nullptr;
  applyAffine<T>(work.tiles, roles.x->as<T>(), {factor, offset, residual, roles.activation},
                 roles.y->as<T>());
}

template <class T> Kernel forwardOf(const NormRoles &roles) {
  const Work work(*roles.x);
  return {"tiles", work.bytes(), [=](std::byte *scratch) {
            if (!roles.frozen)
              batchStatistics<T>(work, roles, scratch);
            normalise<T>(work, roles, scratch);
          }};
}

/// dx = gamma / deviation (g - mean(g) - normalised mean(g normalised)); frozen statistics have no means to
/// follow.
void gradientAffine(const Work &work, const NormRoles &roles, std::byte *scratch) {
  const Sums sums{work.tiles, work.partial(scratch)};
  const auto count = static_cast<double>(work.tiles.pixels());
  float *a = work.vector(scratch, 0), *b = work.vector(scratch, 1), *offset = work.vector(scratch, 2);
  for (int64_t c = 0; c < work.tiles.channels(); ++c) {
    const double inverse = inverseDeviation(roles, c);
    const double dbeta = sums.total(0, c), dgamma = sums.total(1, c) * inverse;
    const double scale = roles.gamma->as<float>()[c] * inverse;
    const double slope = roles.frozen ? 0.0 : -scale * inverse * dgamma / count;
    roles.dgamma->as<float>()[c] = static_cast<float>(dgamma);
    roles.dbeta->as<float>()[c] = static_cast<float>(dbeta);
    a[c] = static_cast<float>(scale);
    b[c] = static_cast<float>(slope);
    offset[c] =
        static_cast<float>(roles.frozen ? 0.0 : -scale * dbeta / count - slope * roles.mean->as<float>()[c]);
  }
}

template <class T> Kernel backwardOf(const NormRoles &roles) {
  const Work work(*roles.x);
  return {"tiles", work.bytes(), [=](std::byte *scratch) {
            const auto *x = roles.x->as<T>();
            auto *kept = roles.dresidual ? roles.dresidual->as<T>() : nullptr;
            const auto *y = roles.y ? roles.y->as<T>() : nullptr;
            Gradient<T> gradient{roles.dy->as<T>(), y, roles.activation};
            sumGradient<T>(work.tiles, gradient, x, roles.mean->as<float>(), kept, work.partial(scratch));
            gradientAffine(work, roles, scratch);
            if (kept)
              gradient = {kept, nullptr, {}};
            applyGradient<T>(work.tiles, gradient, x,
                             {work.vector(scratch, 0), work.vector(scratch, 1), work.vector(scratch, 2)},
                             roles.dx->as<T>());
          }};
}

Kernel forward(const NormRoles &roles) {
  return functors::forStorage(roles.x, [&](auto type) { return forwardOf<decltype(type)>(roles); });
}

Kernel backward(const NormRoles &roles) {
  return functors::forStorage(roles.x, [&](auto type) { return backwardOf<decltype(type)>(roles); });
}

} // namespace

Kernel batchNorm(const Node &node) { return forward(functors::forwardRoles(node, false, false)); }
Kernel batchNormFrozen(const Node &node) { return forward(functors::forwardRoles(node, true, false)); }
Kernel batchNormAddRelu(const Node &node) { return forward(functors::forwardRoles(node, false, true)); }
Kernel batchNormGrad(const Node &node) { return backward(functors::backwardRoles(node, false, false)); }
Kernel batchNormFrozenGrad(const Node &node) { return backward(functors::backwardRoles(node, true, false)); }
Kernel batchNormAddReluGrad(const Node &node) { return backward(functors::backwardRoles(node, false, true)); }

} // namespace dualpath::cpu
