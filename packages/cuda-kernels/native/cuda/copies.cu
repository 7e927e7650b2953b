#include "copies.h"

#include "../functors/cast.h"
#include "../functors/pad_image.h"
#include "../functors/shape.h"
#include "launch.cuh"

namespace dualpath::cuda {
namespace {

/// Calls copy with an integer as wide as an element: copies move bits, and zero is zero in each.
template <class Copy> void forWidth(DType type, Copy copy) {
  if (sizeOf(type) == 2)
    copy(uint16_t{});
  else
    copy(uint32_t{});
}

/// Swaps the last two axes of (outer, rows, columns).
void swapLast(DType type, int64_t outer, int64_t rows, int64_t columns, const void *from, void *to) {
  functors::PermutedAxes axes;
  axes.extent[1] = outer, axes.stride[1] = rows * columns;
  axes.extent[2] = columns, axes.stride[2] = 1;
  axes.extent[3] = rows, axes.stride[3] = columns;
  forWidth(type, [=](auto word) {
    using Word = decltype(word);
    using Functor = functors::Transpose<Word>;
    Backend::rows(axes.bands(Functor::lines), Functor::lines * rows,
                  Functor{static_cast<const Word *>(from), static_cast<Word *>(to), axes});
  });
}

} // namespace

void padImages(const ConvolutionRequest &request, const void *images, void *padded) {
  const auto &margins = request.margins;
  forWidth(request.image.type, [&](auto word) {
    using Word = decltype(word);
    Backend::rows(
        request.image.extents[0] * margins.paddedHeight(), margins.paddedInner(),
        functors::PadImage<Word>{static_cast<const Word *>(images), static_cast<Word *>(padded), margins});
  });
}

void cropImages(const ConvolutionRequest &request, const void *padded, void *images) {
  const auto &margins = request.margins;
  forWidth(request.image.type, [&](auto word) {
    using Word = decltype(word);
    Backend::rows(
        request.image.extents[0] * margins.height, margins.inner,
        functors::CropImage<Word>{static_cast<const Word *>(padded), static_cast<Word *>(images), margins});
  });
}

void widen(const TensorRequest &tensor, const void *narrow, void *floats) {
  int64_t count = 1;
  for (auto extent : tensor.extents)
    count *= extent;
  Backend::elements(count, functors::Cast<BFloat16, float>{static_cast<const BFloat16 *>(narrow),
                                                           static_cast<float *>(floats)});
}

void weightsToChannelsLast(const ConvolutionRequest &request, const void *weights, void *copy) {
  const auto &e = request.weights.extents;
  swapLast(request.weights.type, e[0], e[1], e[2] * e[3], weights, copy);
}

void weightsFromChannelsLast(const ConvolutionRequest &request, const void *copy, void *weights) {
  const auto &e = request.weights.extents;
  swapLast(request.weights.type, e[0], e[2] * e[3], e[1], copy, weights);
}

} // namespace dualpath::cuda
