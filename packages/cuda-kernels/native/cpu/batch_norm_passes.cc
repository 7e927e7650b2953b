#include "batch_norm_passes.h"

#include "../functors/bfloat16.h"

namespace dualpath::cpu {
namespace {

/// Narrow tiles sum even and odd pixels apart: one chain would wait for its own additions.
template <int64_t width> struct Accumulator {
  static constexpr int64_t chains = width > 16 ? 1 : 2;
  float values[chains][width] = {};

  float *chain(int64_t pixel) { return values[pixel % chains]; }
  void store(float *to) const {
    for (int64_t c = 0; c < width; ++c)
      to[c] = chains == 1 ? values[0][c] : values[0][c] + values[chains - 1][c];
  }
};

/// Two sums a channel and part: add(offset of the value, channel, first, second) adds a value's share to
/// both.
template <class AddPair> void sumPairs(const ChannelTiles &tiles, float *partial, AddPair add) {
  tiles.each([&](int64_t part, int64_t channel, auto widthOf, auto tile) {
    constexpr int64_t width = widthOf;
    Accumulator<width> one, other;
    tile([&](int64_t at, int64_t pixels, int64_t stride) {
      for (int64_t p = 0; p < pixels; ++p, at += stride) {
        auto *first = one.chain(p), *second = other.chain(p);
#pragma omp simd
        for (int64_t c = 0; c < width; ++c)
          add(at + c, channel + c, first[c], second[c]);
      }
    });
    auto *sums = partial + part * 2 * tiles.channels() + channel;
    one.store(sums);
    other.store(sums + tiles.channels());
  });
}

/// Both are loaded before one is chosen: a load behind a condition would not become a vector load.
template <bool masked, class T> float gradientAt(const Gradient<T> &gradient, int64_t at) {
  const float dy = gradient.dy[at];
  if constexpr (masked) {
    const float y = gradient.y[at];
    return gradient.activation.passes(y) ? dy : 0.0f;
  }
  return dy;
}

template <bool masked, bool keep, class T>
void sumGradientOf(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x, const float *mean,
                   T *kept, float *partial) {
  sumPairs(tiles, partial, [=](int64_t at, int64_t channel, float &plain, float &scaled) {
    const float g = gradientAt<masked>(gradient, at);
    if constexpr (keep)
      kept[at] = g;
    plain += g;
    scaled += g * (x[at] - mean[channel]);
  });
}

template <bool masked, class T>
void applyGradientOf(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x,
                     const GradientAffine &affine, T *dx) {
  tiles.each([&](int64_t, int64_t channel, auto widthOf, auto tile) {
    constexpr int64_t width = widthOf;
    const float *a = affine.a + channel, *b = affine.b + channel, *c = affine.c + channel;
    const auto own = gradient;
    tile([&](int64_t at, int64_t pixels, int64_t stride) {
      for (int64_t p = 0; p < pixels; ++p, at += stride)
#pragma omp simd
        for (int64_t k = 0; k < width; ++k)
          dx[at + k] = a[k] * gradientAt<masked>(own, at + k) + b[k] * x[at + k] + c[k];
    });
  });
}

template <bool residual, class T>
void applyAffineOf(const ChannelTiles &tiles, const T *x, const Affine<T> &affine, T *y) {
  tiles.each([&](int64_t, int64_t channel, auto widthOf, auto tile) {
    constexpr int64_t width = widthOf;
    const float *factor = affine.factor + channel, *offset = affine.offset + channel;
    const auto activation = affine.activation;
    tile([&](int64_t at, int64_t pixels, int64_t stride) {
      for (int64_t p = 0; p < pixels; ++p, at += stride)
#pragma omp simd
        for (int64_t c = 0; c < width; ++c) {
          float value = factor[c] * x[at + c] + offset[c];
          if constexpr (residual)
            value += affine.residual[at + c];
          y[at + c] = activation(value);
        }
    });
  });
}

} // namespace

template <class T>
void sumShifted(const ChannelTiles &tiles, const T *x, const float *shift, float *partial) {
  sumPairs(tiles, partial, [=](int64_t at, int64_t channel, float &plain, float &squared) {
    const float value = x[at] - shift[channel];
    plain += value;
    squared += value * value;
  });
}

template <class T> void applyAffine(const ChannelTiles &tiles, const T *x, const Affine<T> &affine, T *y) {
  return affine.residual ? applyAffineOf<true>(tiles, x, affine, y)
                         : applyAffineOf<false>(tiles, x, affine, y);
}

template <class T>
void sumGradient(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x, const float *mean,
                 T *kept, float *partial) {
  if (kept)
    return sumGradientOf<true, true>(tiles, gradient, x, mean, kept, partial);
  return gradient.y ? sumGradientOf<true, false>(tiles, gradient, x, mean, kept, partial)
                    : sumGradientOf<false, false>(tiles, gradient, x, mean, kept, partial);
}

template <class T>
void applyGradient(const ChannelTiles &tiles, const Gradient<T> &gradient, const T *x,
                   const GradientAffine &affine, T *dx) {
  return gradient.y ? applyGradientOf<true>(tiles, gradient, x, affine, dx)
                    : applyGradientOf<false>(tiles, gradient, x, affine, dx);
}

#define PASSES(T)                                                                                            \
  template void sumShifted(const ChannelTiles &, const T *, const float *, float *);                         \
  template void applyAffine(const ChannelTiles &, const T *, const Affine<T> &, T *);                        \
  template void sumGradient(const ChannelTiles &, const Gradient<T> &, const T *, const float *, T *,        \
                            float *);                                                                        \
  template void applyGradient(const ChannelTiles &, const Gradient<T> &, const T *, const GradientAffine &,  \
                              T *);
PASSES(float)
PASSES(BFloat16)
#undef PASSES

} // namespace dualpath::cpu
