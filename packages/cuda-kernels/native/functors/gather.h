#pragma once

#include "segments.h"

namespace dualpath::functors {

struct GatherRows {
  const float *x;
  const int32_t *index;
  float *y;
  int64_t width;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *source = x + index[row] * width;
    float *target = y + row * width;
    lanes.each(width, [=](int64_t i) { target[i] = source[i]; });
  }
};

template <class Backend> Kernel gatherRows(const Node &node) {
  const auto *x = input(node, 0, "x"), *index = input(node, 1, "index", DType::I32);
  const auto *y = output(node, 0, "y");
  requireRank(node, "x", x, 2);
  requireRank(node, "index", index, 1);
  requireShape(node, "y", {index->shape[0], x->shape[1]}, y->shape);
  return kernel([=, &node, count = index->count(), rows = x->shape[0], width = x->shape[1]] {
    Backend::checkIndices(node, "index", index->as<int32_t>(), count, 0, rows - 1);
    Backend::rows(count, width, GatherRows{x->as<float>(), index->as<int32_t>(), y->as<float>(), width});
  });
}

template <class Backend> Kernel gatherRowsGrad(const Node &node) {
  const auto *dy = input(node, 0, "dy"), *index = input(node, 1, "index", DType::I32);
  const auto *dx = output(node, 0, "dx");
  requireRank(node, "dy", dy, 2);
  requireShape(node, "index", {dy->shape[0]}, index->shape);
  requireShape(node, "dx", {node.attributes.integer("rows"), dy->shape[1]}, dx->shape);
  return segmentSum<Backend, float>(node, index, dy, dx, 0);
}

} // namespace dualpath::functors
