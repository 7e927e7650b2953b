#pragma once

#include "checks.h"
#include "portable.h"

#include <algorithm>
#include <initializer_list>

namespace dualpath::functors {

/// Where the channels of an image's positions lie, in any layout. Channels of one group (a block, or all of
/// them in the plain layout) are neighbours; `step` leads from a position to the next.
struct ChannelMap {
  int64_t positions, channels, block;

  HD int64_t at(int64_t image, int64_t channel) const {
    if (!block)
      return image * positions * channels + channel;
    return (image * channels + channel / block * block) * positions + channel % block;
  }
  HD int64_t step() const { return block ? block : channels; }
};

/// The block in which channels are neighbours in every tensor; 0 where all are plain.
inline int64_t sharedBlock(std::initializer_list<const Tensor *> tensors) {
  int64_t block = 0;
  for (const auto *tensor : tensors)
    block = std::max(block, blockOf(tensor->layout));
  return block;
}

/// Images of H * W positions for rank 4; one image of count / C positions for any other rank.
inline ChannelMap channelMap(const Tensor *tensor) {
  const int64_t channels = tensor->shape.back();
  const int64_t images = tensor->rank() == 4 ? tensor->shape[0] : 1;
  return {tensor->count() / std::max<int64_t>(1, images * channels), channels, blockOf(tensor->layout)};
}

/// How a kernel walks over the tensors: all images, and the channels in groups that are neighbours in every
/// tensor.
struct ChannelGroups {
  int64_t images, groups, width;
};

inline ChannelGroups channelGroups(int64_t images, int64_t channels, int64_t block) {
  return block ? ChannelGroups{images, channels / block, block} : ChannelGroups{images, 1, channels};
}

} // namespace dualpath::functors
