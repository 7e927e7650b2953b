#pragma once

#include "checks.h"
#include "portable.h"

#include <algorithm>
#include <utility>

namespace dualpath::functors {

/// A reduction seen as x[k0][r0][k1][r1][k2] over r0 and r1 (rank 4 has no more alternations). With one run
/// of reduced axes it is r1, and r0 = k1 = 1. `segments` cuts r1 so that few results still occupy all
/// threads.
struct ReduceShape {
  int64_t k0 = 1, r0 = 1, k1 = 1, r1 = 1, k2 = 1, segments = 1;

  /// Offset of the first value of a result, and of value i behind it.
  HD int64_t firstOf(int64_t result) const {
    const int64_t last = result % k2, kept = result / k2;
    return (kept / k1 * r0 * k1 + kept % k1) * r1 * k2 + last;
  }
  HD int64_t offsetOf(int64_t i) const { return (i / r1 * k1 * r1 + i % r1) * k2; }
  /// The result that a value belongs to.
  HD int64_t resultOf(int64_t value) const {
    const int64_t last = value % k2, block = value / k2 / r1;
    return (block / k1 / r0 * k1 + block % k1) * k2 + last;
  }
};

/// One entry per axis: extent, and whether it is reduced.
inline ReduceShape reduceShape(const std::vector<std::pair<int64_t, bool>> &axes) {
  ReduceShape shape;
  int64_t *slots[] = {&shape.k0, &shape.r0, &shape.k1, &shape.r1, &shape.k2};
  int slot = 0;
  for (const auto &[extent, reduced] : axes) {
    if (extent == 1)
      continue;
    if ((slot % 2 == 1) != reduced)
      ++slot;
    *slots[slot] *= extent;
  }
  if (shape.r1 == 1) {
    std::swap(shape.r0, shape.r1);
    std::swap(shape.k1, shape.k2);
  }
  const int64_t results = shape.k0 * shape.k1, work = shape.r0 * shape.r1 * shape.k2;
  if (results < 64 && shape.r0 == 1)
    shape.segments =
        std::clamp<int64_t>(work / 8192, 1, std::min<int64_t>(512, std::max<int64_t>(1, shape.r1 / 4)));
  return shape;
}

inline ReduceShape reducedShape(const Node &node, const Tensor *x, const Tensor *y) {
  const auto list = node.attributes.integers("axes");
  std::vector<std::pair<int64_t, bool>> axes;
  for (auto extent : x->shape)
    axes.push_back({extent, false});
  if (x->rank() > 4)
    fail(Code::Shape, node, "x", "rank at most 4", printShape(x->shape));
  for (auto axis : list) {
    if (axis < 0 || axis >= x->rank())
      fail(Code::Attribute, node, "axes", "axes of " + printShape(x->shape), printShape(list));
    axes[axis].second = true;
  }
  const bool keep = node.attributes.boolean("keepDims", false);
  std::vector<int64_t> expected;
  for (const auto &[extent, reduced] : axes)
    if (!reduced || keep)
      expected.push_back(reduced ? 1 : extent);
  requireShape(node, "y", expected, y->shape);
  return reduceShape(axes);
}

struct ReducedNode {
  const Tensor *x, *y;
  ReduceShape shape;
};

inline ReducedNode reducedNode(const Node &node) {
  const auto *x = input(node, 0, "x"), *y = output(node, 0, "y");
  return {x, y, reducedShape(node, x, y)};
}

} // namespace dualpath::functors
