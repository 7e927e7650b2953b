#pragma once

#include "../engine/convolution_shape.h"

namespace dualpath::cpu {

/// A convolution without groups as a product of matrices: every output pixel is a row of the patch it looks
/// at, with (kernel row, kernel column, channel) along the row and zeros where the patch leaves the image.
struct Patches {
  ConvolutionShape shape;
  int64_t height, width, channels;          // of the source
  int64_t outHeight, outWidth, outChannels; // of the destination
  int64_t kernelHeight, kernelWidth;

  explicit Patches(const ConvolutionShape &shape);
  int64_t taps() const { return kernelHeight * kernelWidth; }
  int64_t depth() const { return taps() * channels; }
  int64_t rowsPerImage() const { return outHeight * outWidth; }
  /// Floats from one row of the weights' matrix to the next. Rows a multiple of a page apart would compete
  /// for the same few lines of the cache.
  int64_t matrixRow() const { return depth() % 1024 == 0 ? depth() + 16 : depth(); }
  int64_t matrixSize() const { return outChannels * matrixRow(); }
  /// Whether the rows are the pixels of the source as they lie there.
  bool arePixels() const;

  /// Rows of images [first, first + images) of the source, in its layout.
  void gather(int64_t first, int64_t images, float *rows) const;
  /// The reverse: every source pixel of those images becomes the sum of what its patches hold for it.
  void fold(int64_t first, int64_t images, const float *rows) const;
  /// Weights (O, I, KH, KW) as matrix (O, KH KW I) with rows of `matrixRow`, and back.
  void toMatrix(const float *weights, float *matrix) const;
  void fromMatrix(const float *matrix, float *weights) const;
};

/// Copies images [first, first + images) of a value to or from plain order.
void toPlain(const Tensor &value, int64_t first, int64_t images, float *plain);
void fromPlain(const Tensor &value, int64_t first, int64_t images, const float *plain);

} // namespace dualpath::cpu
