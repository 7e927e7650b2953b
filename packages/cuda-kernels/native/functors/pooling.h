#pragma once

#include "window.h"

namespace dualpath::functors {

/// The part of a pooling functor that a row index decides: image, channel group, and row of the plane.
struct PoolingRow {
  int64_t image, channel;
  int32_t line;

  HD PoolingRow(int64_t row, int32_t lines, const ChannelGroups &walk)
      : image(row / lines / walk.groups), channel(row / lines % walk.groups * walk.width),
        line(static_cast<int32_t>(row % lines)) {}
};

/// A position of the plane, and the windows or positions that matter to it along the row.
struct PoolingColumn {
  int32_t index;
  Span span;
};

/// y and the position h * W + w of the first maximum of each window; padding never wins. One row of outputs a
/// call.
template <class T> struct MaxPool {
  const T *x;
  T *y;
  int32_t *argmax;
  Window window;
  ChannelGroups walk;
  ChannelMap from, to, winner;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const PoolingRow at(row, window.outHeight, walk);
    const T *source = x + from.at(at.image, at.channel);
    const Span rows = window.rowsOf(at.line);
    const int64_t first = int64_t{at.line} * window.outWidth, step = from.step();
    T *target = y + to.at(at.image, at.channel) + first * to.step();
    int32_t *where = argmax + winner.at(at.image, at.channel) + first * winner.step();
    lanes.grid(
        window.outWidth, walk.width,
        [&](int64_t wo) {
          const auto index = static_cast<int32_t>(wo);
          return PoolingColumn{index, window.columnsOf(index)};
        },
        [&](PoolingColumn column, int64_t channel, auto pack) {
          using Pack = decltype(pack);
          int32_t place = rows.begin * window.width + column.span.begin;
          const T *line = source + place * step + channel;
          auto best = Pack::load(line);
          auto winning = Pack::fill(place);
          for (int32_t h = rows.begin; h < rows.end; ++h) {
            auto here = Pack::fill(place);
            const T *tap = line;
            for (int32_t w = column.span.begin; w < column.span.end; ++w) {
              const auto value = Pack::load(tap);
              const auto wins = (value > best) | (value != value);
              best = Pack::select(wins, value, best);
              winning = Pack::select(wins, here, winning);
              here = here + 1;
              tap += step;
            }
            place += window.width;
            line += window.width * step;
          }
          Pack::store(target + column.index * to.step() + channel, best);
          Pack::store(where + column.index * winner.step() + channel, winning);
        });
  }
};

/// Gather form: every input position adds up the windows that chose it, in order. One row of inputs a call.
template <class T> struct MaxPoolGrad {
  const T *dy;
  const int32_t *argmax;
  T *dx;
  Window window;
  ChannelGroups walk;
  ChannelMap from, winner, to;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const PoolingRow at(row, window.height, walk);
    const T *source = dy + from.at(at.image, at.channel);
    const int32_t *where = argmax + winner.at(at.image, at.channel);
    const int32_t first = at.line * window.width;
    T *target = dx + to.at(at.image, at.channel) + first * to.step();
    const Span rows = window.windowsOverRow(at.line);
    lanes.grid(
        window.width, walk.width,
        [&](int64_t w) {
          const auto index = static_cast<int32_t>(w);
          return PoolingColumn{index, window.windowsOverColumn(index)};
        },
        [&](PoolingColumn column, int64_t channel, auto pack) {
          using Pack = decltype(pack);
          const auto self = Pack::fill(first + column.index);
          auto total = Pack::fill(0.0f);
          for (int32_t ho = rows.begin; ho < rows.end; ++ho)
            for (int32_t wo = column.span.begin; wo < column.span.end; ++wo) {
              const int64_t position = ho * window.outWidth + wo;
              const auto gradient = Pack::load(source + position * from.step() + channel);
              const auto chosen = Pack::load(where + position * winner.step() + channel) == self;
              total = total + Pack::select(chosen, gradient, Pack::fill(0.0f));
            }
          Pack::store(target + column.index * to.step() + channel, total);
        });
  }
};

/// Mean of each window, over its positions inside the image or over the whole window.
template <class T> struct AveragePool {
  const T *x;
  T *y;
  Window window;
  ChannelGroups walk;
  ChannelMap from, to;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const PoolingRow at(row, window.outHeight, walk);
    const T *source = x + from.at(at.image, at.channel);
    const int64_t first = int64_t{at.line} * window.outWidth;
    T *target = y + to.at(at.image, at.channel) + first * to.step();
    const Span rows = window.rowsOf(at.line);
    lanes.grid(
        window.outWidth, walk.width,
        [&](int64_t wo) {
          const auto index = static_cast<int32_t>(wo);
          return PoolingColumn{index, window.columnsOf(index)};
        },
        [&](PoolingColumn column, int64_t channel, auto pack) {
          using Pack = decltype(pack);
          auto total = Pack::fill(0.0f);
          for (int32_t h = rows.begin; h < rows.end; ++h)
            for (int32_t w = column.span.begin; w < column.span.end; ++w)
              total = total + Pack::load(source + (h * window.width + w) * from.step() + channel);
          Pack::store(target + column.index * to.step() + channel, total * window.share(rows, column.span));
        });
  }
};

template <class T> struct AveragePoolGrad {
  const T *dy;
  T *dx;
  Window window;
  ChannelGroups walk;
  ChannelMap from, to;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const PoolingRow at(row, window.height, walk);
    const T *source = dy + from.at(at.image, at.channel);
    const int64_t first = int64_t{at.line} * window.width;
    T *target = dx + to.at(at.image, at.channel) + first * to.step();
    const Span rows = window.windowsOverRow(at.line);
    lanes.grid(
        window.width, walk.width,
        [&](int64_t w) {
          const auto index = static_cast<int32_t>(w);
          return PoolingColumn{index, window.windowsOverColumn(index)};
        },
        [&](PoolingColumn column, int64_t channel, auto pack) {
          using Pack = decltype(pack);
          auto total = Pack::fill(0.0f);
          float share = 1.0f / static_cast<float>(window.area());
          for (int32_t ho = rows.begin; ho < rows.end; ++ho)
            for (int32_t wo = column.span.begin; wo < column.span.end; ++wo) {
              if (!window.evenDivisor)
                share = window.share(window.rowsOf(ho), window.columnsOf(wo));
              total =
                  total + Pack::load(source + (ho * window.outWidth + wo) * from.step() + channel) * share;
            }
          Pack::store(target + column.index * to.step() + channel, total);
        });
  }
};

inline ChannelGroups poolingWalk(const Tensor *large, std::initializer_list<const Tensor *> all) {
  return channelGroups(large->shape[0], large->shape[3], sharedBlock(all));
}

template <class Backend> Kernel maxPool(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x");
  const auto *y = output(node, 0, "y", x->dtype), *argmax = output(node, 1, "argmax", DType::I32);
  const auto window = poolingWindow(node, x, y, "y");
  requireSame(node, "argmax", y, argmax);
  const auto walk = poolingWalk(x, {x, y, argmax});
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(walk.images * walk.groups * window.outHeight,
                    window.outWidth * walk.width * window.area(),
                    MaxPool<T>{x->as<T>(), y->as<T>(), argmax->as<int32_t>(), window, walk, channelMap(x),
                               channelMap(y), channelMap(argmax)});
    });
  });
}

template <class Backend> Kernel maxPoolGrad(const Node &node) {
  const auto *dy = stored(node, node.inputs, 0, "dy"), *argmax = input(node, 1, "argmax", DType::I32);
  const auto *dx = output(node, 0, "dx", dy->dtype);
  requireShape(node, "dx", node.attributes.integers("inputShape", 4), dx->shape);
  requireSame(node, "argmax", dy, argmax);
  const auto window = poolingWindow(node, dx, dy, "dy");
  const auto walk = poolingWalk(dx, {dy, argmax, dx});
  return forStorage(dy, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(walk.images * walk.groups * window.height, window.width * walk.width * 4,
                    MaxPoolGrad<T>{dy->as<T>(), argmax->as<int32_t>(), dx->as<T>(), window, walk,
                                   channelMap(dy), channelMap(argmax), channelMap(dx)});
    });
  });
}

template <class Backend> Kernel averagePool(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x"), *y = output(node, 0, "y", x->dtype);
  const auto window = averagingWindow(node, x, y, "y");
  const auto walk = poolingWalk(x, {x, y});
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(walk.images * walk.groups * window.outHeight,
                    window.outWidth * walk.width * window.area(),
                    AveragePool<T>{x->as<T>(), y->as<T>(), window, walk, channelMap(x), channelMap(y)});
    });
  });
}

template <class Backend> Kernel averagePoolGrad(const Node &node) {
  const auto *dy = stored(node, node.inputs, 0, "dy"), *dx = output(node, 0, "dx", dy->dtype);
  requireShape(node, "dx", node.attributes.integers("inputShape", 4), dx->shape);
  const auto window = averagingWindow(node, dx, dy, "dy");
  const auto walk = poolingWalk(dx, {dy, dx});
  return forStorage(dy, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(
          walk.images * walk.groups * window.height, window.width * walk.width * 4,
          AveragePoolGrad<T>{dy->as<T>(), dx->as<T>(), window, walk, channelMap(dy), channelMap(dx)});
    });
  });
}

} // namespace dualpath::functors
