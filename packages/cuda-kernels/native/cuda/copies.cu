#include "copies.h"

#include "../functors/pad_image.h"
#include "../functors/shape.h"
#include "launch.cuh"

namespace dualpath::cuda {
namespace {

/// Swaps the last two axes of (outer, rows, columns).
void swapLast(int64_t outer, int64_t rows, int64_t columns, const float *from, float *to) {
  using Functor = functors::Transpose<float>;
  functors::PermutedAxes axes;
  axes.extent[1] = outer, axes.stride[1] = rows * columns;
  axes.extent[2] = columns, axes.stride[2] = 1;
  axes.extent[3] = rows, axes.stride[3] = columns;
  Backend::rows(axes.bands(Functor::lines), Functor::lines * rows, Functor{from, to, axes});
}

} // namespace

void padImages(const ConvolutionRequest &request, const float *images, float *padded) {
  const auto &margins = request.margins;
  Backend::rows(request.image.extents[0] * margins.paddedHeight(), margins.paddedInner(),
                functors::PadImage{images, padded, margins});
}

void cropImages(const ConvolutionRequest &request, const float *padded, float *images) {
  const auto &margins = request.margins;
  Backend::rows(request.image.extents[0] * margins.height, margins.inner,
                functors::CropImage{padded, images, margins});
}

void weightsToChannelsLast(const ConvolutionRequest &request, const float *weights, float *copy) {
  const auto &e = request.weights.extents;
  swapLast(e[0], e[1], e[2] * e[3], weights, copy);
}

void weightsFromChannelsLast(const ConvolutionRequest &request, const float *copy, float *weights) {
  const auto &e = request.weights.extents;
  swapLast(e[0], e[2] * e[3], e[1], copy, weights);
}

} // namespace dualpath::cuda
