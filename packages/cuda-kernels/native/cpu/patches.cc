#include "patches.h"

#include "../engine/reorder_time.h"
#include "reorder.h"

#include <cstring>
#include <type_traits>

namespace dualpath::cpu {
namespace {

/// One image in its layout: channels of a pixel lie in runs of `run` floats, `step` floats apart.
struct ImageView {
  float *data;
  int64_t pixels, channels, run, step;

  ImageView(const Tensor &tensor, int64_t image)
      : pixels(tensor.shape[1] * tensor.shape[2]), channels(tensor.shape[3]),
        run(tensor.layout == Layout::Plain ? channels : blockOf(tensor.layout)), step(pixels * run) {
    data = tensor.as<float>() + image * pixels * channels;
  }
  float *pixel(int64_t at) const { return data + at * run; }

  void read(int64_t at, float *to) const {
    const float *from = pixel(at);
    for (int64_t c = 0; c < channels; c += run, from += step)
      std::memcpy(to + c, from, run * sizeof(float));
  }
  void clear(int64_t at) const {
    float *to = pixel(at);
    for (int64_t c = 0; c < channels; c += run, to += step)
      std::memset(to, 0, run * sizeof(float));
  }
  void add(int64_t at, const float *from) const {
    float *to = pixel(at);
    for (int64_t c = 0; c < channels; c += run, to += step)
      for (int64_t i = 0; i < run; ++i)
        to[i] += from[c + i];
  }
};

/// The coordinate that a kernel tap reads, or -1 outside of the image.
int64_t sourceOf(int64_t out, int64_t tap, int64_t stride, int64_t gap, int64_t pad, int64_t extent) {
  const auto at = out * stride + tap * (gap + 1) - pad;
  return at < 0 || at >= extent ? -1 : at;
}

/// The output whose tap reads coordinate `at`, or -1 when there is none.
int64_t outputOf(int64_t at, int64_t tap, int64_t stride, int64_t gap, int64_t pad, int64_t extent) {
  const auto scaled = at + pad - tap * (gap + 1);
  return scaled < 0 || scaled % stride != 0 || scaled / stride >= extent ? -1 : scaled / stride;
}

/// Calls copy with the number of taps, as a constant where sequences have so few: then it moves whole
/// vectors.
template <class Copy> void withTaps(int64_t taps, Copy copy) {
  if (taps == 1)
    copy(std::integral_constant<int64_t, 1>{});
  else if (taps == 2)
    copy(std::integral_constant<int64_t, 2>{});
  else
    copy(taps);
}

Tensor someImages(const Tensor &value, int64_t first, int64_t images) {
  Tensor part = value;
  part.shape[0] = images;
  part.data = ImageView(value, first).data;
  return part;
}

Tensor plainImages(const Tensor &part, float *data) {
  Tensor plain = part;
  plain.layout = Layout::Plain;
  plain.data = data;
  return plain;
}

} // namespace

Patches::Patches(const ConvolutionShape &s)
    : shape(s), height(s.source->shape[1]), width(s.source->shape[2]), channels(s.source->shape[3]),
      outHeight(s.destination->shape[1]), outWidth(s.destination->shape[2]),
      outChannels(s.destination->shape[3]), kernelHeight(s.weights->shape[2]),
      kernelWidth(s.weights->shape[3]) {}

bool Patches::arePixels() const {
  return shape.source->layout == Layout::Plain && taps() == 1 && rowsPerImage() == height * width;
}

void Patches::gather(int64_t first, int64_t images, float *rows) const {
  const auto perImage = rowsPerImage();
#pragma omp parallel for
  for (int64_t row = 0; row < images * perImage; ++row) {
    const ImageView image(*shape.source, first + row / perImage);
    const auto y = row % perImage / outWidth, x = row % outWidth;
    float *to = rows + row * depth();
    for (int64_t ky = 0; ky < kernelHeight; ++ky)
      for (int64_t kx = 0; kx < kernelWidth; ++kx, to += channels) {
        const auto sourceY = sourceOf(y, ky, shape.strides[0], shape.gaps[0], shape.padBegin[0], height);
        const auto sourceX = sourceOf(x, kx, shape.strides[1], shape.gaps[1], shape.padBegin[1], width);
        if (sourceY < 0 || sourceX < 0)
          std::memset(to, 0, channels * sizeof(float));
        else
          image.read(sourceY * width + sourceX, to);
      }
  }
}

void Patches::fold(int64_t first, int64_t images, const float *rows) const {
  const auto pixels = height * width;
#pragma omp parallel for
  for (int64_t at = 0; at < images * pixels; ++at) {
    const ImageView image(*shape.source, first + at / pixels);
    const auto pixel = at % pixels, y = pixel / width, x = pixel % width;
    image.clear(pixel);
    for (int64_t ky = 0; ky < kernelHeight; ++ky)
      for (int64_t kx = 0; kx < kernelWidth; ++kx) {
        const auto outY = outputOf(y, ky, shape.strides[0], shape.gaps[0], shape.padBegin[0], outHeight);
        const auto outX = outputOf(x, kx, shape.strides[1], shape.gaps[1], shape.padBegin[1], outWidth);
        if (outY < 0 || outX < 0)
          continue;
        const auto row = at / pixels * rowsPerImage() + outY * outWidth + outX;
        image.add(pixel, rows + row * depth() + (ky * kernelWidth + kx) * channels);
      }
  }
}

void Patches::toMatrix(const float *weights, float *matrix) const {
  const ReorderTime::Span span;
  withTaps(taps(), [=, this](auto taps) {
#pragma omp parallel for
    for (int64_t o = 0; o < outChannels; ++o)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t c = 0; c < channels; ++c)
          matrix[o * matrixRow() + tap * channels + c] = weights[o * depth() + c * taps + tap];
  });
}

void Patches::fromMatrix(const float *matrix, float *weights) const {
  const ReorderTime::Span span;
  withTaps(taps(), [=, this](auto taps) {
#pragma omp parallel for
    for (int64_t o = 0; o < outChannels; ++o)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t tap = 0; tap < taps; ++tap)
          weights[o * depth() + c * taps + tap] = matrix[o * matrixRow() + tap * channels + c];
  });
}

void toPlain(const Tensor &value, int64_t first, int64_t images, float *plain) {
  const ReorderTime::Span span;
  const auto part = someImages(value, first, images);
  reorder(part, plainImages(part, plain));
}

void fromPlain(const Tensor &value, int64_t first, int64_t images, const float *plain) {
  const ReorderTime::Span span;
  const auto part = someImages(value, first, images);
  reorder(plainImages(part, const_cast<float *>(plain)), part);
}

} // namespace dualpath::cpu
