#pragma once

#include "bias.h"

namespace dualpath::functors {

/// One image and channel group: the first maximum of each channel over all positions.
template <class T> struct GlobalMaxPool {
  const T *x;
  float *y;
  int32_t *argmax;
  ChannelGroups walk;
  ChannelMap from;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t image = row / walk.groups, channel = row % walk.groups * walk.width;
    const T *source = x + from.at(image, channel);
    const int64_t target = image * from.channels + channel;
    lanes.columns(walk.width, [&](int64_t column, auto pack) {
      using Pack = decltype(pack);
      auto best = Pack::load(source + column);
      auto place = Pack::fill(int32_t{0});
      for (int64_t position = 1; position < from.positions; ++position) {
        const auto value = Pack::load(source + position * from.step() + column);
        const auto wins = (value > best) | (value != value);
        best = Pack::select(wins, value, best);
        place = Pack::select(wins, Pack::fill(static_cast<int32_t>(position)), place);
      }
      Pack::store(y + target + column, best);
      Pack::store(argmax + target + column, place);
    });
  }
};

/// Spreads dy[N,C] over all positions (argmax null), or onto the one position that won.
template <class T> struct GlobalPoolGrad {
  const float *dy;
  const int32_t *argmax;
  T *dx;
  ChannelGroups walk;
  ChannelMap to;
  float factor;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t image = row / walk.groups, channel = row % walk.groups * walk.width;
    const int64_t source = image * to.channels + channel;
    T *target = dx + to.at(image, channel);
    lanes.grid(
        to.positions, walk.width, [](int64_t position) { return position; },
        [&](int64_t position, int64_t column, auto pack) {
          using Pack = decltype(pack);
          auto gradient = Pack::load(dy + source + column) * factor;
          if (argmax) {
            const auto won =
                Pack::load(argmax + source + column) == Pack::fill(static_cast<int32_t>(position));
            gradient = Pack::select(won, gradient, Pack::fill(0.0f));
          }
          Pack::store(target + position * to.step() + column, gradient);
        });
  }
};

inline ChannelGroups globalWalk(const Node &node, const Tensor *large, const Tensor *small,
                                const char *name) {
  requireRank(node, "x", large, 4);
  requireShape(node, name, {large->shape[0], large->shape[3]}, small->shape);
  if (large->shape[1] * large->shape[2] < 1)
    fail(Code::Shape, node, "x", "at least one position", printShape(large->shape));
  return channelGroups(large->shape[0], large->shape[3], sharedBlock({large}));
}

template <class Backend> Kernel globalAveragePool(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x");
  const auto *y = output(node, 0, "y");
  const auto walk = globalWalk(node, x, y, "y");
  const auto map = channelMap(x);
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(walk.images * walk.groups, map.positions * walk.width,
                    PositionSum<T>{x->as<T>(), y->as<float>(), Tiles{walk, map.positions, 1, map.channels},
                                   map, 1.0f / static_cast<float>(map.positions)});
    });
  });
}

template <class Backend> Kernel globalAveragePoolGrad(const Node &node) {
  const auto *dy = input(node, 0, "dy");
  const auto *dx = stored(node, node.outputs, 0, "dx");
  requireShape(node, "dx", node.attributes.integers("inputShape", 4), dx->shape);
  const auto walk = globalWalk(node, dx, dy, "dy");
  const auto map = channelMap(dx);
  return forStorage(dx, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(walk.images * walk.groups, map.positions * walk.width,
                    GlobalPoolGrad<T>{dy->as<float>(), nullptr, dx->as<T>(), walk, map,
                                      1.0f / static_cast<float>(map.positions)});
    });
  });
}

template <class Backend> Kernel globalMaxPool(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x");
  const auto *y = output(node, 0, "y"), *argmax = output(node, 1, "argmax", DType::I32);
  const auto walk = globalWalk(node, x, y, "y");
  requireSame(node, "argmax", y, argmax);
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=, map = channelMap(x)] {
      Backend::rows(walk.images * walk.groups, map.positions * walk.width,
                    GlobalMaxPool<T>{x->as<T>(), y->as<float>(), argmax->as<int32_t>(), walk, map});
    });
  });
}

template <class Backend> Kernel globalMaxPoolGrad(const Node &node) {
  const auto *dy = input(node, 0, "dy"), *argmax = input(node, 1, "argmax", DType::I32);
  const auto *dx = stored(node, node.outputs, 0, "dx");
  requireShape(node, "dx", node.attributes.integers("inputShape", 4), dx->shape);
  requireSame(node, "argmax", dy, argmax);
  const auto walk = globalWalk(node, dx, dy, "dy");
  return forStorage(dx, [=](auto type) {
    using T = decltype(type);
    return kernel([=, map = channelMap(dx)] {
      Backend::rows(walk.images * walk.groups, map.positions * walk.width,
                    GlobalPoolGrad<T>{dy->as<float>(), argmax->as<int32_t>(), dx->as<T>(), walk, map, 1.0f});
    });
  });
}

} // namespace dualpath::functors
