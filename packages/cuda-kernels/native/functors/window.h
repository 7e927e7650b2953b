#pragma once

#include "channels.h"

namespace dualpath::functors {

struct Span {
  int32_t begin, end;
};

/// Geometry of a pooling op, and which positions belong to which windows. 32 bits: its divisions are in inner
/// loops.
struct Window {
  int32_t height, width, outHeight, outWidth; // of the input plane and of the output plane
  int32_t sizeH, sizeW, strideH, strideW, top, left;
  bool evenDivisor; // every window divides by its whole area

  HD int64_t area() const { return sizeH * sizeW; }

  /// Positions inside the image that window `index` covers.
  static HD Span covered(int32_t index, int32_t size, int32_t stride, int32_t pad, int32_t extent) {
    const int32_t start = index * stride - pad;
    return {math::maximum(start, 0), math::minimum(start + size, extent)};
  }
  HD Span rowsOf(int32_t ho) const { return covered(ho, sizeH, strideH, top, height); }
  HD Span columnsOf(int32_t wo) const { return covered(wo, sizeW, strideW, left, width); }

  /// Windows that cover a position.
  static HD Span covering(int32_t position, int32_t size, int32_t stride, int32_t pad, int32_t windows) {
    const int32_t last = position + pad;
    const int32_t first = last < size ? 0 : (last - size) / stride + 1;
    return {first, math::minimum(last / stride + 1, windows)};
  }
  HD Span windowsOverRow(int32_t h) const { return covering(h, sizeH, strideH, top, outHeight); }
  HD Span windowsOverColumn(int32_t w) const { return covering(w, sizeW, strideW, left, outWidth); }

  HD float share(Span rows, Span columns) const {
    const int32_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
    return 1.0f / static_cast<float>(evenDivisor ? sizeH * sizeW : inside);
  }
};

/// Reads window, stride and pad of a pooling node, and checks that `small` is what they make of `large`.
inline Window poolingWindow(const Node &node, const Tensor *large, const Tensor *small, const char *name) {
  requireRank(node, name, small, 4);
  requireRank(node, "x", large, 4);
  const auto size = node.attributes.integers("window", 2), stride = node.attributes.integers("stride", 2),
             pad = node.attributes.integers("pad", 4);
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t before = pad[2 * axis], after = pad[2 * axis + 1], extent = large->shape[1 + axis];
    if (size[axis] < 1 || stride[axis] < 1)
      fail(Code::Attribute, node, size[axis] < 1 ? "window" : "stride", "positive numbers",
           printShape(size[axis] < 1 ? size : stride));
    if (before < 0 || after < 0 || before >= size[axis] || after >= size[axis])
      fail(Code::Attribute, node, "pad", "each side at least 0 and below the window " + printShape(size),
           printShape(pad));
    if (extent + before + after < size[axis])
      fail(Code::Shape, node, "window", "no larger than the padded input " + printShape(large->shape),
           printShape(size));
  }
  const auto outputs = [&](int axis) {
    return (large->shape[1 + axis] + pad[2 * axis] + pad[2 * axis + 1] - size[axis]) / stride[axis] + 1;
  };
  requireShape(node, name, {large->shape[0], outputs(0), outputs(1), large->shape[3]}, small->shape);
  const auto narrow = [](int64_t value) { return static_cast<int32_t>(value); };
  return {narrow(large->shape[1]),
          narrow(large->shape[2]),
          narrow(outputs(0)),
          narrow(outputs(1)),
          narrow(size[0]),
          narrow(size[1]),
          narrow(stride[0]),
          narrow(stride[1]),
          narrow(pad[0]),
          narrow(pad[2]),
          false};
}

/// Average pooling divides by the whole window where it counts padding, or has none.
inline Window averagingWindow(const Node &node, const Tensor *large, const Tensor *small, const char *name) {
  auto window = poolingWindow(node, large, small, name);
  const auto pad = node.attributes.integers("pad", 4);
  const bool padded = std::any_of(pad.begin(), pad.end(), [](int64_t side) { return side > 0; });
  window.evenDivisor = !padded || node.attributes.boolean("countPad", false);
  return window;
}

} // namespace dualpath::functors
