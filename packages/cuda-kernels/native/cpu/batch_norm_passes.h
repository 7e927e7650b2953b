#pragma once

#include "../functors/activation.h"
#include "channel_tiles.h"

namespace dualpath::cpu {

/// The values are float or BFloat16, all sums and vectors float.

/// Two sums a channel, gathered by parts: partial (parts, 2, channels).
struct Sums {
  const ChannelTiles &tiles;
  float *partial;

  double total(int which, int64_t channel) const {
    double sum = 0;
    for (int64_t part = 0; part < tiles.parts(); ++part)
      sum += partial[(part * 2 + which) * tiles.channels() + channel];
    return sum;
  }
};

/// sum(x - x0) and sum((x - x0)^2) with x0 the first pixel, which keeps the digits that a large mean would
/// cost.
template <class T> void sumShifted(const ChannelTiles &tiles, const T *x, const float *shift, float *partial);

using functors::Activation;

/// y = activation(factor x + offset [+ residual]).
template <class T> struct Affine {
  const float *factor, *offset; // by channel
  const T *residual;            // null: none
  Activation activation;
};
template <class T> void applyAffine(const ChannelTiles &tiles, const T *x, const Affine<T> &affine, T *y);

/// The gradient that reaches the normalisation: dy, where the activation did not cut y.
template <class T> struct Gradient {
  const T *dy;
  const T *y; // null: no activation
  Activation activation;
};

/// sum(g) and sum(g (x - mean)); stores g as well when `kept` is not null.
template <class T>
void sumGradient(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x, const float *mean,
                 T *kept, float *partial);

/// dx = a g + b x + c by channel. May run in place of dy.
struct GradientAffine {
  const float *a, *b, *c;
};
template <class T>
void applyGradient(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x,
                   const GradientAffine &affine, T *dx);

} // namespace dualpath::cpu
