#pragma once

#include "batch_norm_roles.h"
#include "lanes.h"

#include <algorithm>

// Batch norm over plain (pixels, channels), for machines with thousands of threads: sums by parts of pixels,
// one pass over the parts of every channel, one pass over the values.

namespace dualpath::functors {

/// A tile is a part of the pixels by a band of 32 channels. The cut depends on the shape alone, and so does
/// the order of every sum.
struct NormTiles {
  static constexpr int64_t band = 32, wantedTiles = 4096;
  int64_t pixels, channels, pixelsPerPart;

  HD int64_t bands() const { return (channels + band - 1) / band; }
  HD int64_t parts() const { return (pixels + pixelsPerPart - 1) / pixelsPerPart; }
  HD int64_t count() const { return parts() * bands(); }
  HD int64_t begin(int64_t tile) const { return tile / bands() * pixelsPerPart; }
  HD int64_t end(int64_t tile) const { return math::minimum(begin(tile) + pixelsPerPart, pixels); }
  HD int64_t channel(int64_t tile) const { return tile % bands() * band; }
  HD int64_t width(int64_t tile) const { return math::minimum(band, channels - channel(tile)); }
  /// Two sums a channel and part: sums (parts, 2, channels).
  HD int64_t sumAt(int64_t tile) const { return tile / bands() * 2 * channels + channel(tile); }
};

inline NormTiles normTiles(const Tensor *x) {
  const int64_t channels = x->shape.back(), pixels = x->count() / channels;
  const int64_t bands = (channels + NormTiles::band - 1) / NormTiles::band;
  return {
      pixels, channels,
      std::clamp<int64_t>((pixels * bands + NormTiles::wantedTiles - 1) / NormTiles::wantedTiles, 16, 256)};
}

/// sum(x - x0) and sum((x - x0)^2) with x0 the first pixel, which keeps the digits that a large mean costs.
template <class T> struct NormSums {
  const T *x;
  float *sums;
  NormTiles tiles;

  template <class Lanes> HD void operator()(int64_t tile, Lanes lanes) const {
    const int64_t begin = tiles.begin(tile), end = tiles.end(tile), channels = tiles.channels;
    const T *first = x + tiles.channel(tile);
    float *target = sums + tiles.sumAt(tile);
    lanes.each(tiles.width(tile), [=](int64_t c) {
      const float shift = first[c];
      float plain = 0.0f, squared = 0.0f;
      for (int64_t pixel = begin; pixel < end; ++pixel) {
        const float value = first[pixel * channels + c] - shift;
        plain += value;
        squared += value * value;
      }
      target[c] = plain;
      target[channels + c] = squared;
    });
  }
};

/// The same sums of g and g (x - mean), where g is dy, or 0 where the activation cut y; `kept` receives g.
template <class T> struct NormGradSums {
  const T *dy, *y, *x; // y null: no activation
  Activation activation;
  const float *mean;
  T *kept; // null: g is not wanted
  float *sums;
  NormTiles tiles;

  template <class Lanes> HD void operator()(int64_t tile, Lanes lanes) const {
    const int64_t begin = tiles.begin(tile), end = tiles.end(tile), channels = tiles.channels;
    const int64_t band = tiles.channel(tile);
    float *target = sums + tiles.sumAt(tile);
    lanes.each(tiles.width(tile), [=, *this](int64_t c) {
      const float centre = mean[band + c];
      float plain = 0.0f, scaled = 0.0f;
      for (int64_t at = begin * channels + band + c; at < end * channels; at += channels) {
        const float g = y == nullptr || activation.passes(y[at]) ? dy[at] : 0.0f;
        if (kept != nullptr)
          kept[at] = g;
        plain += g;
        scaled += g * (x[at] - centre);
      }
      target[c] = plain;
      target[channels + c] = scaled;
    });
  }
};

/// Adds up the parts of one channel's sums, in double.
struct PartSums {
  const float *sums;
  int64_t parts, channels;

  template <class Lanes> HD double total(int which, int64_t channel, Lanes lanes) const {
    const float *first = sums + which * channels + channel;
    const int64_t step = 2 * channels;
    return lanes.reduce(parts, 0.0, Add{},
                        [=](int64_t part) { return static_cast<double>(first[part * step]); });
  }
};

/// Mean and variance of a channel. A row is a channel.
template <class T> struct NormStatistics {
  PartSums sums;
  const T *x; // whose first pixel the sums are relative to; null: to 0
  float *mean, *variance;
  double pixels;

  template <class Lanes> HD void operator()(int64_t c, Lanes lanes) const {
    const double drift = sums.total(0, c, lanes) / pixels, square = sums.total(1, c, lanes) / pixels;
    if (lanes.leader()) {
      mean[c] = static_cast<float>((x == nullptr ? 0.0f : x[c]) + drift);
      variance[c] = static_cast<float>(math::maximum(0.0, square - drift * drift));
    }
  }
};

/// y = activation(gamma (x - mean) / deviation + beta [+ residual]). A row is a pixel.
template <class T> struct Normalise {
  const T *x;
  const float *gamma, *beta, *mean, *variance;
  const T *residual; // may be null
  T *y;
  int64_t channels;
  float epsilon;
  Activation activation;

  template <class Lanes> HD void operator()(int64_t pixel, Lanes lanes) const {
    const int64_t first = pixel * channels;
    lanes.each(channels, [=, *this](int64_t c) {
      const float scale = gamma[c] / math::sqrt(variance[c] + epsilon);
      float value = scale * (x[first + c] - mean[c]) + beta[c];
      if (residual != nullptr)
        value += residual[first + c];
      y[first + c] = activation(value);
    });
  }
};

/// dgamma, dbeta, and what dx = a g + b (x - mean) + c needs. Frozen statistics have no means to follow. A
/// row is a channel.
struct NormGradVectors {
  PartSums sums;
  const float *gamma, *variance;
  float *dgamma, *dbeta, *a, *b, *c;
  double pixels;
  float epsilon;
  bool frozen;

  template <class Lanes> HD void operator()(int64_t at, Lanes lanes) const {
    const double plain = sums.total(0, at, lanes), scaled = sums.total(1, at, lanes);
    if (!lanes.leader())
      return;
    const double inverse = 1.0 / math::sqrt(static_cast<double>(variance[at]) + epsilon);
    const double scale = gamma[at] * inverse;
    dbeta[at] = static_cast<float>(plain);
    dgamma[at] = static_cast<float>(scaled * inverse);
    a[at] = static_cast<float>(scale);
    b[at] = static_cast<float>(frozen ? 0.0 : -scale * inverse * inverse * scaled / pixels);
    c[at] = static_cast<float>(frozen ? 0.0 : -scale * plain / pixels);
  }
};

/// dx of one pixel; it may take the place of dy.
template <class T> struct NormGrad {
  const T *dy, *y, *x; // y null: no activation, or dy is what it left
  Activation activation;
  const float *mean, *a, *b, *c;
  T *dx;
  int64_t channels;

  template <class Lanes> HD void operator()(int64_t pixel, Lanes lanes) const {
    const int64_t first = pixel * channels;
    lanes.each(channels, [=, *this](int64_t k) {
      const int64_t at = first + k;
      const float g = y == nullptr || activation.passes(y[at]) ? dy[at] : 0.0f;
      dx[at] = a[k] * g + b[k] * (x[at] - mean[k]) + c[k];
    });
  }
};

template <class T> T *elements(const Tensor *tensor) { return tensor ? tensor->as<T>() : nullptr; }
inline float *floats(const Tensor *tensor) { return elements<float>(tensor); }

template <class Backend, class T> Kernel normForward(const NormRoles &roles) {
  const auto tiles = normTiles(roles.x);
  const auto epsilon = static_cast<float>(roles.epsilon);
  const bool summed = roles.x->sums != nullptr; // by the node that wrote x, as a whole and not by parts
  const int64_t parts = summed ? 1 : tiles.parts();
  const size_t scratch = roles.frozen || summed ? 0 : scratchBytes(2 * parts * tiles.channels, sizeof(float));
  return kernel(scratch, [=](std::byte *memory) {
    auto *sums = summed ? floats(roles.x->sums) : reinterpret_cast<float *>(memory);
    const auto *x = elements<T>(roles.x);
    auto *mean = floats(roles.mean), *variance = floats(roles.variance);
    if (!roles.frozen && !summed)
      Backend::rows(tiles.count(), tiles.pixelsPerPart, NormSums<T>{x, sums, tiles});
    if (!roles.frozen)
      Backend::rows(tiles.channels, parts,
                    NormStatistics<T>{{sums, parts, tiles.channels},
                                      summed ? nullptr : x,
                                      mean,
                                      variance,
                                      static_cast<double>(tiles.pixels)});
    Backend::rows(tiles.pixels, tiles.channels,
                  Normalise<T>{x, floats(roles.gamma), floats(roles.beta), mean, variance,
                               elements<T>(roles.residual), elements<T>(roles.y), tiles.channels, epsilon,
                               roles.activation});
  });
}

template <class Backend, class T> Kernel normBackward(const NormRoles &roles) {
  const auto tiles = normTiles(roles.x);
  const size_t vector = scratchBytes(tiles.channels, sizeof(float)) / sizeof(float);
  const size_t scratch =
      3 * vector * sizeof(float) + scratchBytes(2 * tiles.parts() * tiles.channels, sizeof(float));
  return kernel(scratch, [=](std::byte *memory) {
    auto *a = reinterpret_cast<float *>(memory), *b = a + vector, *c = b + vector, *sums = c + vector;
    const auto *x = elements<T>(roles.x), *dy = elements<T>(roles.dy);
    const auto *y = elements<T>(roles.y);
    const auto *mean = floats(roles.mean);
    auto *kept = elements<T>(roles.dresidual);
    Backend::rows(tiles.count(), tiles.pixelsPerPart,
                  NormGradSums<T>{dy, y, x, roles.activation, mean, kept, sums, tiles});
    Backend::rows(tiles.channels, tiles.parts(),
                  NormGradVectors{{sums, tiles.parts(), tiles.channels},
                                  floats(roles.gamma),
                                  floats(roles.variance),
                                  floats(roles.dgamma),
                                  floats(roles.dbeta),
                                  a,
                                  b,
                                  c,
                                  static_cast<double>(tiles.pixels),
                                  static_cast<float>(roles.epsilon),
                                  roles.frozen});
    Backend::rows(tiles.pixels, tiles.channels,
                  NormGrad<T>{kept ? kept : dy, kept ? nullptr : y, x, roles.activation, mean, a, b, c,
                              elements<T>(roles.dx), tiles.channels});
  });
}

template <class Backend> Kernel normForwardOf(const NormRoles &roles) {
  return forStorage(roles.x, [&](auto type) { return normForward<Backend, decltype(type)>(roles); });
}
template <class Backend> Kernel normBackwardOf(const NormRoles &roles) {
  return forStorage(roles.x, [&](auto type) { return normBackward<Backend, decltype(type)>(roles); });
}

template <class Backend> Kernel batchNorm(const Node &node) {
  return normForwardOf<Backend>(forwardRoles(node, false, false));
}
template <class Backend> Kernel batchNormFrozen(const Node &node) {
  return normForwardOf<Backend>(forwardRoles(node, true, false));
}
template <class Backend> Kernel batchNormAddRelu(const Node &node) {
  return normForwardOf<Backend>(forwardRoles(node, false, true));
}
template <class Backend> Kernel batchNormGrad(const Node &node) {
  return normBackwardOf<Backend>(backwardRoles(node, false, false));
}
template <class Backend> Kernel batchNormFrozenGrad(const Node &node) {
  return normBackwardOf<Backend>(backwardRoles(node, true, false));
}
template <class Backend> Kernel batchNormAddReluGrad(const Node &node) {
  return normBackwardOf<Backend>(backwardRoles(node, false, true));
}

} // namespace dualpath::functors
