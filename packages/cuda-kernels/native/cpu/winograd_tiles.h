#pragma once

#include "../engine/tensor.h"
#include "winograd_transforms.h"

#include <algorithm>
#include <cstring>

namespace dualpath::cpu::winograd {

/// Transformed tiles of both images that are worked on at a time; they stay in the last cache.
inline constexpr int64_t workingBytes = int64_t{6} << 20;

/// The pixels of a value, by vectors of neighbouring channels.
class Pixels {
public:
  explicit Pixels(const Tensor &value)
      : images(value.shape[0]), height(value.shape[1]), width(value.shape[2]), channels(value.shape[3]),
        value_(&value), block_(blockOf(value.layout)), stride_(block_ ? block_ : channels) {}

  const int64_t images, height, width, channels;

  int64_t groups() const { return channels / lanes; }
  int64_t stride() const { return stride_; } // from one pixel of a row to the next
  /// First pixel of an image, for the group of channels.
  float *at(int64_t image, int64_t group) const {
    auto *start = value_->as<float>() + image * height * width * channels;
    if (!block_)
      return start + group * lanes;
    const auto channel = group * lanes;
    return start + channel / block_ * height * width * block_ + channel % block_;
  }

private:
  const Tensor *value_;
  int64_t block_, stride_;
};

/// Which pixels a square tile covers: the first one may lie outside of the image, as may the last ones.
struct Window {
  int64_t row, column;
};

template <int size> Vector *load(const Pixels &pixels, const float *image, Window at, Vector *tile) {
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const auto row = at.row + y, column = at.column + x;
      auto &vector = tile[y * size + x];
      if (row < 0 || row >= pixels.height || column < 0 || column >= pixels.width)
        vector = Vector{};
      else
        std::memcpy(&vector, image + (row * pixels.width + column) * pixels.stride(), sizeof vector);
    }
  return tile;
}

template <int size> void store(const Pixels &pixels, float *image, Window at, const Vector *tile) {
  const auto rows = std::min<int64_t>(size, pixels.height - at.row),
             columns = std::min<int64_t>(size, pixels.width - at.column);
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      std::memcpy(image + ((at.row + y) * pixels.width + at.column + x) * pixels.stride(),
                  &tile[y * size + x], sizeof *tile);
}

/// One matrix of numbers for each product of a tile. The gap keeps equal places of the matrices out of one
/// set of the first cache.
struct Planes {
  float *data;
  int64_t rows, columns;

  static constexpr int64_t gap = 16;
  static int64_t numbers(int64_t planes, int64_t rows, int64_t columns) {
    return planes * (rows * columns + gap);
  }
  int64_t stride() const { return rows * columns + gap; }
  float *plane(int64_t index) const { return data + index * stride(); }
  template <int count> void put(int64_t row, int64_t column, const Vector *vectors) const {
    auto *to = data + row * columns + column;
    for (int64_t index = 0; index < count; ++index, to += stride())
      std::memcpy(to, vectors + index, sizeof(Vector));
  }
  template <int count> Vector *get(int64_t row, int64_t column, Vector *vectors) const {
    const auto *from = data + row * columns + column;
    for (int64_t index = 0; index < count; ++index, from += stride())
      std::memcpy(vectors + index, from, sizeof(Vector));
    return vectors;
  }
};

/// Tiles of the output side over all images, and how many are worked on at a time.
struct Tiling {
  int64_t down, across, count, atOnce;

  Tiling(const Pixels &outputs, int tile, int64_t channels)
      : down((outputs.height + tile - 1) / tile), across((outputs.width + tile - 1) / tile),
        count(outputs.images * down * across) {
    const auto bytes = (tile + 2) * (tile + 2) * channels * static_cast<int64_t>(sizeof(float));
    const auto fitting = std::clamp<int64_t>(workingBytes / bytes, 64, count);
    const auto steps = (count + fitting - 1) / fitting;
    atOnce = (count + steps - 1) / steps;
  }
  int64_t image(int64_t tile) const { return tile / (down * across); }
  Window window(int64_t tile, int size) const {
    const auto inImage = tile % (down * across);
    return {inImage / across * size, inImage % across * size};
  }
};

} // namespace dualpath::cpu::winograd
