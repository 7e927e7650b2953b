#pragma once

#include "channels.h"

#include <algorithm>

namespace dualpath::functors {

/// A tile is a run of positions of one image and one channel group.
struct Tiles {
  ChannelGroups walk;
  int64_t positions, pieces, channels; // pieces: runs per image and group

  HD int64_t count() const { return walk.images * walk.groups * pieces; }
  HD int64_t image(int64_t tile) const { return tile / pieces / walk.groups; }
  HD int64_t channel(int64_t tile) const { return tile / pieces % walk.groups * walk.width; }
  HD int64_t width(int64_t tile) const { return math::minimum(walk.width, channels - channel(tile)); }
  HD int64_t begin(int64_t tile) const { return positions * (tile % pieces) / pieces; }
  HD int64_t end(int64_t tile) const { return positions * (tile % pieces + 1) / pieces; }
};

template <class T> struct BiasAdd {
  const T *x;
  const float *bias;
  T *y;
  Tiles tiles;
  ChannelMap from, to;

  template <class Lanes> HD void operator()(int64_t tile, Lanes lanes) const {
    const int64_t image = tiles.image(tile), channel = tiles.channel(tile), begin = tiles.begin(tile);
    const T *source = x + from.at(image, channel) + begin * from.step();
    T *target = y + to.at(image, channel) + begin * to.step();
    const float *offset = bias + channel;
    lanes.grid(
        tiles.end(tile) - begin, tiles.width(tile), [](int64_t position) { return position; },
        [&](int64_t position, int64_t column, auto pack) {
          using Pack = decltype(pack);
          Pack::store(target + position * to.step() + column,
                      Pack::load(source + position * from.step() + column) + Pack::load(offset + column));
        });
  }
};

/// Sums the positions of each tile into one row of `sums`, times `factor`.
template <class T> struct PositionSum {
  const T *x;
  float *sums;
  Tiles tiles;
  ChannelMap from;
  float factor;

  template <class Lanes> HD void operator()(int64_t tile, Lanes lanes) const {
    const int64_t width = tiles.width(tile), step = from.step(), end = tiles.end(tile);
    const T *source = x + from.at(tiles.image(tile), tiles.channel(tile));
    float *sum = sums + tile * tiles.walk.width;
    lanes.each(width, [=](int64_t c) { sum[c] = 0.0f; });
    int64_t position = tiles.begin(tile);
    for (; position + 4 <= end; position += 4) {
      const T *four = source + position * step;
      lanes.each(width, [=](int64_t c) {
        sum[c] += (four[c] + four[step + c]) + (four[2 * step + c] + four[3 * step + c]);
      });
    }
    for (; position < end; ++position)
      lanes.each(width, [=](int64_t c) { sum[c] += source[position * step + c]; });
    lanes.each(width, [=, scale = factor](int64_t c) { sum[c] *= scale; });
  }
};

/// Adds up the tiles of one channel group, in order.
struct TileSum {
  const float *sums;
  float *y;
  Tiles tiles;

  template <class Lanes> HD void operator()(int64_t group, Lanes lanes) const {
    const int64_t width = tiles.walk.width;
    lanes.columns(math::minimum(width, tiles.channels - group * width), [&](int64_t column, auto pack) {
      using Pack = decltype(pack);
      auto total = Pack::fill(0.0f);
      for (int64_t image = 0; image < tiles.walk.images; ++image)
        for (int64_t piece = 0; piece < tiles.pieces; ++piece)
          total =
              total + Pack::load(sums + ((image * tiles.walk.groups + group) * tiles.pieces + piece) * width +
                                 column);
      Pack::store(y + group * width + column, total);
    });
  }
};

/// Tiles of about `elements` each, at most `limit` runs of positions for a channel group.
inline Tiles makeTiles(const Tensor *x, int64_t block, int64_t elements, int64_t limit) {
  const int64_t channels = x->shape.back(), width = block ? block : std::clamp<int64_t>(channels, 1, 1024);
  const auto walk = block ? channelGroups(x->shape[0], channels, block)
                          : ChannelGroups{1, (channels + width - 1) / width, width};
  const int64_t positions = x->count() / std::max<int64_t>(1, walk.images * channels);
  const int64_t most = std::min(limit, std::max<int64_t>(1, positions / 4));
  return {walk, positions, std::clamp<int64_t>(positions * width / elements, 1, most), channels};
}

/// The map that fits tiles of one image (plain) or of all images (blocked).
inline ChannelMap tileMap(const Tensor *tensor, const Tiles &tiles) {
  return {tiles.positions, tiles.channels, blockOf(tensor->layout)};
}

template <class Backend> Kernel biasAdd(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x"), *bias = input(node, 1, "b");
  const auto *y = output(node, 0, "y", x->dtype);
  requireSame(node, "y", x, y);
  requireShape(node, "b", {x->rank() ? x->shape.back() : 1}, bias->shape);
  const auto tiles = makeTiles(x, sharedBlock({x, y}), 8192, 1 << 20);
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=] {
      Backend::rows(
          tiles.count(), y->count() / std::max<int64_t>(1, tiles.count()),
          BiasAdd<T>{x->as<T>(), bias->as<float>(), y->as<T>(), tiles, tileMap(x, tiles), tileMap(y, tiles)});
    });
  });
}

/// db[c] = sum of dy over all positions: tiles first, then the tiles in order, whatever the number of
/// threads.
template <class Backend> Kernel biasGrad(const Node &node) {
  const auto *dy = stored(node, node.inputs, 0, "dy");
  const auto *db = output(node, 0, "db");
  requireShape(node, "db", {dy->rank() ? dy->shape.back() : 1}, db->shape);
  const auto tiles = makeTiles(dy, sharedBlock({dy}), 8192, 128);
  return forStorage(dy, [=](auto type) {
    using T = decltype(type);
    return kernel(scratchBytes(tiles.count() * tiles.walk.width, sizeof(float)), [=](std::byte *scratch) {
      auto *sums = reinterpret_cast<float *>(scratch);
      Backend::rows(tiles.count(), dy->count() / std::max<int64_t>(1, tiles.count()),
                    PositionSum<T>{dy->as<T>(), sums, tiles, tileMap(dy, tiles), 1.0f});
      Backend::rows(tiles.walk.groups, tiles.count() * tiles.walk.width,
                    TileSum{sums, db->as<float>(), tiles});
    });
  });
}

} // namespace dualpath::functors
