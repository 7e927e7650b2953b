#pragma once

#include "portable.h"

namespace dualpath {

/// Red, green and blue of one pixel, as a lane of a warp computes them.
struct ScalarPixel {
  struct Colour {
    float r, g, b;
    HD Colour operator+(Colour o) const { return {r + o.r, g + o.g, b + o.b}; }
    HD Colour operator-(Colour o) const { return {r - o.r, g - o.g, b - o.b}; }
    HD Colour operator*(Colour o) const { return {r * o.r, g * o.g, b * o.b}; }
    HD Colour operator*(float factor) const { return {r * factor, g * factor, b * factor}; }
  };
  template <class T> static HD Colour load(const T *from) {
    return {static_cast<float>(from[0]), static_cast<float>(from[1]), static_cast<float>(from[2])};
  }
  static HD void store(float *to, Colour colour) {
    to[0] = colour.r;
    to[1] = colour.g;
    to[2] = colour.b;
  }
};

#if defined(__CUDACC__)
using WidePixel = ScalarPixel;
#else

/// The three colours in one vector register; its fourth number is not used. No byte beyond the pixel is
/// touched.
struct WidePixel {
  using Colour __attribute__((vector_size(16))) = float;
  static HD Colour load(const uint8_t *from) {
    uint16_t low;
    __builtin_memcpy(&low, from, sizeof low);
    const int32_t word = low | from[2] << 16;
    return __builtin_convertvector((Whole{word, word, word, word} >> Whole{0, 8, 16, 24}) & 255, Colour);
  }
  static HD Colour load(const float *from) { return Colour{from[0], from[1], from[2], 0.0f}; }
  static HD void store(float *to, Colour colour) {
    __builtin_memcpy(to, &colour, 2 * sizeof(float));
    to[2] = colour[2];
  }

private:
  using Whole __attribute__((vector_size(16))) = int32_t;
};

#endif

} // namespace dualpath
