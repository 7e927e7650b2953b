#pragma once

#include "../engine/tensor.h"

#include <algorithm>
#include <array>

namespace dualpath::cpu {

/// A value (pixels, channels) cut into tiles of some pixels by one block of channels (64 in plain order,
/// fewer at the end), small enough that sums in float32 stay exact to a few bits. The cut does not depend on
/// the number of threads.
class ChannelTiles {
public:
  explicit ChannelTiles(const Tensor &value)
      : channels_(value.shape.back()), pixels_(value.count() / channels_), block_(blockOf(value.layout)),
        pixelsPerImage_(block_ ? value.shape[1] * value.shape[2] : pixels_),
        pixelsPerPart_(std::clamp<int64_t>(32768 / channels_, 64, 512)), width_(block_ ? block_ : 64) {}

  int64_t channels() const { return channels_; }
  int64_t pixels() const { return pixels_; }
  int64_t parts() const { return (pixels_ + pixelsPerPart_ - 1) / pixelsPerPart_; }

  /// Calls visit(part, first channel, tile) in parallel, where tile(body) calls body(offset, pixels, stride,
  /// Width{}) for the runs of the tile; Width is the number of neighbouring channels from the first one on.
  template <class Visit> void each(Visit visit) const {
    const int64_t groups = (channels_ + width_ - 1) / width_;
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t part = 0; part < parts(); ++part)
      for (int64_t group = 0; group < groups; ++group)
        dispatch(part, group * width_, visit);
  }

private:
  template <int64_t count> using Width = std::integral_constant<int64_t, count>;

  template <class Visit> void dispatch(int64_t part, int64_t first, Visit &visit) const {
    int64_t channel = first;
    const int64_t end = std::min(first + width_, channels_);
    if (end - channel == 64)
      return visitTile<64>(part, channel, visit);
    for (; end - channel >= 16; channel += 16)
      visitTile<16>(part, channel, visit);
    for (; end - channel >= 8; channel += 8)
      visitTile<8>(part, channel, visit);
    for (; channel < end; ++channel)
      visitTile<1>(part, channel, visit);
  }

  template <int64_t count, class Visit> void visitTile(int64_t part, int64_t channel, Visit &visit) const {
    visit(part, channel, Width<count>{}, [&](auto body) { runs(part, channel, body); });
  }

  /// Pixels of a part are one run in plain order and one run an image in blocks.
  template <class Body> void runs(int64_t part, int64_t channel, Body &body) const {
    int64_t pixel = part * pixelsPerPart_;
    const int64_t end = std::min(pixel + pixelsPerPart_, pixels_);
    while (pixel < end) {
      const auto image = pixel / pixelsPerImage_, next = std::min(end, (image + 1) * pixelsPerImage_);
      body(offset(image, pixel - image * pixelsPerImage_, channel), next - pixel,
           block_ ? block_ : channels_);
      pixel = next;
    }
  }

  int64_t offset(int64_t image, int64_t pixel, int64_t channel) const {
    const auto start = image * pixelsPerImage_ * channels_;
    if (!block_)
      return start + pixel * channels_ + channel;
    return start + (channel / block_ * pixelsPerImage_ + pixel) * block_ + channel % block_;
  }

  int64_t channels_, pixels_, block_, pixelsPerImage_, pixelsPerPart_, width_;
};

} // namespace dualpath::cpu
