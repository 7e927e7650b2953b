#pragma once

#include "checks.h"
#include "lanes.h"
#include "reduce_shape.h"

namespace dualpath::functors {

struct Value {
  HD float operator()(float x) const { return x; }
};

/// Reduces x[k0][r0][k1][r1][k2] over r0 and r1, where r1 is cut into segments: y[k0][k1][segment][k2]. A row
/// is one (k0, k1, segment). The segments depend on the shape alone, so the bits do not depend on the number
/// of threads.
template <class Combine, class Map> struct Reduce {
  const float *x;
  float *y;
  ReduceShape shape;
  float identity, factor;
  Combine combine;
  Map map;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t segment = row % shape.segments, kept = row / shape.segments;
    const int64_t k0 = kept / shape.k1, k1 = kept % shape.k1;
    const int64_t begin = shape.r1 * segment / shape.segments,
                  end = shape.r1 * (segment + 1) / shape.segments;
    const float *source = x + (k0 * shape.r0 * shape.k1 + k1) * shape.r1 * shape.k2;
    const int64_t stride = shape.k1 * shape.r1 * shape.k2;
    if (shape.k2 == 1)
      inner(source + begin, stride, end - begin, y + row, lanes);
    else
      columns(source + begin * shape.k2, stride, end - begin, y + row * shape.k2, lanes);
  }

  template <class Lanes>
  HD void inner(const float *source, int64_t stride, int64_t count, float *target, Lanes lanes) const {
    float total = identity;
    for (int64_t r = 0; r < shape.r0; ++r) {
      const float *run = source + r * stride;
      total = combine(total,
                      lanes.reduce(count, identity, combine, [=, *this](int64_t i) { return map(run[i]); }));
    }
    if (lanes.leader())
      *target = total * factor;
  }

  template <class Lanes>
  HD void columns(const float *source, int64_t stride, int64_t count, float *target, Lanes lanes) const {
    const int64_t width = shape.k2;
    lanes.each(width, [=, *this](int64_t i) { target[i] = identity; });
    for (int64_t r = 0; r < shape.r0; ++r)
      for (int64_t line = 0; line < count; ++line) {
        const float *values = source + r * stride + line * width;
        lanes.each(width, [=, *this](int64_t i) { target[i] = combine(target[i], map(values[i])); });
      }
    lanes.each(width, [=, *this](int64_t i) { target[i] *= factor; });
  }
};

/// One pass, or two where few results are made of many values.
template <class Backend, class Combine, class Map>
Kernel reduction(const Tensor *x, const Tensor *y, const ReduceShape &shape, float identity, float factor,
                 Combine combine, Map map) {
  const int64_t results = shape.k0 * shape.k1;
  if (shape.segments == 1)
    return kernel([=] {
      Backend::rows(
          results, shape.r0 * shape.r1 * shape.k2,
          Reduce<Combine, Map>{x->as<float>(), y->as<float>(), shape, identity, factor, combine, map});
    });
  const ReduceShape second{results, 1, 1, shape.segments, shape.k2, 1};
  return kernel(scratchBytes(results * shape.segments * shape.k2, sizeof(float)), [=](std::byte *scratch) {
    auto *partial = reinterpret_cast<float *>(scratch);
    Backend::rows(results * shape.segments, shape.r0 * shape.r1 * shape.k2 / shape.segments,
                  Reduce<Combine, Map>{x->as<float>(), partial, shape, identity, 1.0f, combine, map});
    Backend::rows(
        results, shape.segments * shape.k2,
        Reduce<Combine, Value>{partial, y->as<float>(), second, identity, factor, combine, Value{}});
  });
}

template <class Backend> Kernel sum(const Node &node) {
  const auto reduced = reducedNode(node);
  return reduction<Backend>(reduced.x, reduced.y, reduced.shape, 0.0f, 1.0f, Add{}, Value{});
}

template <class Backend> Kernel mean(const Node &node) {
  const auto reduced = reducedNode(node);
  const float factor = 1.0f / static_cast<float>(std::max<int64_t>(1, reduced.shape.r0 * reduced.shape.r1));
  return reduction<Backend>(reduced.x, reduced.y, reduced.shape, 0.0f, factor, Add{}, Value{});
}

template <class Backend> Kernel max(const Node &node) {
  const auto reduced = reducedNode(node);
  return reduction<Backend>(reduced.x, reduced.y, reduced.shape, -math::infinity(), 1.0f, Maximum{}, Value{});
}

/// The number of maxima of each result (a row is one result of x[k0][r0][k1][r1][k2]), and then their equal
/// shares.
struct MaxTies {
  const float *x, *y;
  float *ties;
  ReduceShape shape;

  template <class Lanes> HD void operator()(int64_t result, Lanes lanes) const {
    const float highest = y[result];
    const float *source = x + shape.firstOf(result);
    const auto equal = [=, *this](int64_t i) { return source[shape.offsetOf(i)] == highest; };
    const int32_t count = lanes.count(shape.r0 * shape.r1, equal);
    if (lanes.leader())
      ties[result] = static_cast<float>(count);
  }
};

struct MaxGrad {
  const float *dy, *x, *y, *ties;
  float *dx;
  ReduceShape shape;

  HD void operator()(int64_t i) const {
    const int64_t result = shape.resultOf(i);
    dx[i] = x[i] == y[result] ? dy[result] / ties[result] : 0.0f;
  }
};

template <class Backend> Kernel maxGrad(const Node &node) {
  const auto *dy = input(node, 0, "dy"), *x = input(node, 1, "x"), *y = input(node, 2, "y");
  const auto *dx = output(node, 0, "dx");
  requireSame(node, "dx", x, dx);
  requireSame(node, "dy", y, dy);
  const auto shape = reducedShape(node, x, y);
  const int64_t results = y->count(), count = x->count();
  return kernel(scratchBytes(results, sizeof(float)), [=](std::byte *scratch) {
    auto *ties = reinterpret_cast<float *>(scratch);
    Backend::rows(results, shape.r0 * shape.r1, MaxTies{x->as<float>(), y->as<float>(), ties, shape});
    Backend::elements(count,
                      MaxGrad{dy->as<float>(), x->as<float>(), y->as<float>(), ties, dx->as<float>(), shape});
  });
}

} // namespace dualpath::functors
