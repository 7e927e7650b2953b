#pragma once

#include "checks.h"
#include "lanes.h"

namespace dualpath::functors {

/// y = x / norm with norm = sqrt(epsilon + sum of x^2), row by row.
struct L2Normalize {
  const float *x;
  float *y, *norm;
  int64_t width;
  float epsilon;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *source = x + row * width;
    float *target = y + row * width;
    const float length =
        math::sqrt(epsilon + lanes.sum(width, [=](int64_t i) { return source[i] * source[i]; }));
    const float inverse = 1.0f / length;
    lanes.each(width, [=](int64_t i) { target[i] = source[i] * inverse; });
    if (lanes.leader())
      norm[row] = length;
  }
};

/// dx = (dy - y (y . dy)) / norm; exact with epsilon too, because d norm / d x = y.
struct L2NormalizeGrad {
  const float *dy, *y, *norm;
  float *dx;
  int64_t width;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *gradient = dy + row * width, *direction = y + row * width;
    float *target = dx + row * width;
    const float along = lanes.sum(width, [=](int64_t i) { return gradient[i] * direction[i]; });
    const float inverse = 1.0f / norm[row];
    lanes.each(width, [=](int64_t i) { target[i] = (gradient[i] - direction[i] * along) * inverse; });
  }
};

template <class Backend> Kernel l2Normalize(const Node &node) {
  const auto *x = input(node, 0, "x");
  const auto *y = output(node, 0, "y"), *norm = output(node, 1, "norm");
  requireRank(node, "x", x, 2);
  requireSame(node, "y", x, y);
  requireShape(node, "norm", {x->shape[0]}, norm->shape);
  const float epsilon = number(node, "epsilon");
  return kernel([=, rows = x->shape[0], width = x->shape[1]] {
    Backend::rows(rows, width,
                  L2Normalize{x->as<float>(), y->as<float>(), norm->as<float>(), width, epsilon});
  });
}

template <class Backend> Kernel l2NormalizeGrad(const Node &node) {
  const auto *dy = input(node, 0, "dy"), *y = input(node, 1, "y"), *norm = input(node, 2, "norm");
  const auto *dx = output(node, 0, "dx");
  requireRank(node, "y", y, 2);
  requireSame(node, "dy", y, dy);
  requireSame(node, "dx", y, dx);
  requireShape(node, "norm", {y->shape[0]}, norm->shape);
  return kernel([=, rows = y->shape[0], width = y->shape[1]] {
    Backend::rows(
        rows, width,
        L2NormalizeGrad{dy->as<float>(), y->as<float>(), norm->as<float>(), dx->as<float>(), width});
  });
}

} // namespace dualpath::functors
