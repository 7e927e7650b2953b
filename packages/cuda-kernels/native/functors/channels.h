#pragma once

#include "checks.h"
#include "portable.h"

#include <algorithm>

namespace dualpath::functors {

/// Where the channels of an image's positions lie, in either layout. Channels of one group (a block of 16, or
/// all of them in the plain layout) are neighbours; `step` leads from a position to the next.
struct ChannelMap {
  int64_t positions, channels;
  bool blocked;

  HD int64_t at(int64_t image, int64_t channel) const {
    if (!blocked)
      return image * positions * channels + channel;
    return (image * channels + channel / 16 * 16) * positions + channel % 16;
  }
  HD int64_t step() const { return blocked ? 16 : channels; }
};

inline bool isBlocked(const Tensor *tensor) {
  return tensor->rank() == 4 && tensor->layout == Layout::Blocked16;
}

/// Images of H * W positions for rank 4; one image of count / C positions for any other rank.
inline ChannelMap channelMap(const Tensor *tensor) {
  const int64_t channels = tensor->shape.back();
  const int64_t images = tensor->rank() == 4 ? tensor->shape[0] : 1;
  return {tensor->count() / std::max<int64_t>(1, images * channels), channels, isBlocked(tensor)};
}

/// How a kernel walks over the tensors: all images, and the channels in groups that are neighbours in every
/// tensor.
struct ChannelGroups {
  int64_t images, groups, width;
};

inline ChannelGroups channelGroups(int64_t images, int64_t channels, bool anyBlocked) {
  return anyBlocked ? ChannelGroups{images, channels / 16, 16} : ChannelGroups{images, 1, channels};
}

} // namespace dualpath::functors
