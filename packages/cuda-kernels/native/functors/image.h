#pragma once

#include "checks.h"
#include "lanes.h"

namespace dualpath::functors {

/// Cuts a box out of an image, resizes it bilinearly (pixel centres at half, edge pixels repeated), flips it
/// if asked, and normalises: y = (v - mean) * scale. A row is one line of one result.
struct CropResize {
  const uint8_t *image;
  const float *box;
  float *y;
  int64_t height, width, outHeight, outWidth;
  float mean[3], scale[3];

  /// The source positions of the results along one edge: `index` is one of `outputs`, the box covers `length`
  /// pixels from `start`, and the image ends at `extent`. NaN becomes 0, so no box can read outside the
  /// image.
  struct Edge {
    float first, stride, last;

    HD Edge(float start, float length, int64_t outputs, int64_t extent)
        : first(start - 0.5f), stride(length / static_cast<float>(outputs)),
          last(static_cast<float>(extent - 1)) {}
    HD float at(int32_t index) const {
      const float position = first + (static_cast<float>(index) + 0.5f) * stride;
      const float lower = position > 0.0f ? position : 0.0f;
      return lower < last ? lower : last;
    }
  };

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t n = row / outHeight;
    const float *edges = box + 5 * n;
    const Edge vertical(edges[0], edges[2], outHeight, height),
        horizontal(edges[1], edges[3], outWidth, width);
    const bool flip = edges[4] != 0.0f;
    const float sy = vertical.at(static_cast<int32_t>(row % outHeight));
    const auto top = static_cast<int32_t>(sy), last = static_cast<int32_t>(width - 1);
    const float fy = sy - static_cast<float>(top);
    const uint8_t *upper = image + (n * height + top) * width * 3;
    const uint8_t *lower = top + 1 < height ? upper + width * 3 : upper;
    float *line = y + row * outWidth * 3;
    lanes.pixels(outWidth, [=, *this](int32_t column, auto pixel) {
      using Pixel = decltype(pixel);
      const float sx = horizontal.at(flip ? static_cast<int32_t>(outWidth) - 1 - column : column);
      const auto x0 = static_cast<int32_t>(sx);
      const float fx = sx - static_cast<float>(x0);
      const int32_t a = 3 * x0, b = x0 < last ? a + 3 : a;
      const auto above = mix(Pixel::load(upper + a), Pixel::load(upper + b), fx);
      const auto below = mix(Pixel::load(lower + a), Pixel::load(lower + b), fx);
      Pixel::store(line + 3 * column, (mix(above, below, fy) - Pixel::load(mean)) * Pixel::load(scale));
    });
  }

  template <class Colour> static HD Colour mix(Colour from, Colour to, float part) {
    return from + (to - from) * part;
  }
};

template <class Backend> Kernel cropResize(const Node &node) {
  const auto *image = input(node, 0, "image", DType::U8), *box = input(node, 1, "box");
  const auto *y = output(node, 0, "y");
  requireRank(node, "image", image, 4);
  const int64_t images = image->shape[0];
  requireShape(node, "image", {images, image->shape[1], image->shape[2], 3}, image->shape);
  requireShape(node, "box", {images, 5}, box->shape);
  const auto size = node.attributes.integers("size", 2);
  requireShape(node, "y", {images, size[0], size[1], 3}, y->shape);
  if (image->shape[1] < 1 || image->shape[2] < 1)
    fail(Code::Shape, node, "image", "at least one pixel", printShape(image->shape));
  const auto mean = node.attributes.numbers("mean", 3), scale = node.attributes.numbers("scale", 3);
  CropResize rule{nullptr, nullptr, nullptr, image->shape[1], image->shape[2], size[0], size[1], {}, {}};
  for (int c = 0; c < 3; ++c) {
    rule.mean[c] = static_cast<float>(mean[c]);
    rule.scale[c] = static_cast<float>(scale[c]);
  }
  return kernel([=] {
    CropResize functor = rule;
    functor.image = image->as<uint8_t>();
    functor.box = box->as<float>();
    functor.y = y->as<float>();
    Backend::rows(images * functor.outHeight, functor.outWidth * 12, functor);
  });
}

} // namespace dualpath::functors
