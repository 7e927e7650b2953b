#pragma once

#include "channel_tiles.h"

namespace dualpath::cpu {

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
void sumShifted(const ChannelTiles &tiles, const float *x, const float *shift, float *partial);

/// y = factor x + offset [+ residual] [, at least 0].
struct Affine {
  const float *factor, *offset; // by channel
  const float *residual;        // null: none
  bool relu;
};
void applyAffine(const ChannelTiles &tiles, const float *x, const Affine &affine, float *y);

/// The gradient that reaches the normalisation: dy, where y > 0 if there was a relu.
struct Gradient {
  const float *dy;
  const float *y; // null: no relu
};

/// sum(g) and sum(g (x - mean)); stores g as well when `kept` is not null.
void sumGradient(const ChannelTiles &tiles, const Gradient &gradient, const float *x, const float *mean,
                 float *kept, float *partial);

/// dx = a g + b x + c by channel. May run in place of dy.
struct GradientAffine {
  const float *a, *b, *c;
};
void applyGradient(const ChannelTiles &tiles, const Gradient &gradient, const float *x,
                   const GradientAffine &affine, float *dx);

} // namespace dualpath::cpu
