#pragma once

#include "../engine/convolution_shape.h"
#include "../functors/margins.h"
#include "epilogue.h"

#include <string>
#include <vector>

namespace dualpath::cuda {

enum class ConvolutionPass { Forward, GradX, GradW };

/// Extents in cuDNN's order (N, C, H, W; weights O, I, KH, KW) with the strides that say how they lie in
/// memory: channels last, weights too.
struct TensorRequest {
  std::vector<int64_t> extents, strides;
  DType type = DType::F32;
};

/// What cuDNN is asked for. Its engines want the same padding on both sides of an axis: any other is a margin
/// that is added to a copy of the image (or cut off the image's gradient), and the request then has none.
struct ConvolutionRequest {
  ConvolutionPass pass;
  TensorRequest image, weights, result; // x or dx with its margins, w or dw, y or dy
  std::vector<int64_t> padding, strides, dilations;
  functors::Margins margins;
  bool tf32;                          // inputs of products may be rounded to TF32
  Epilogue epilogue = Epilogue::None; // of a forward one
  bool sums = false;                  // of each channel of its result and of the squares, too

  bool copiesImage() const;
  /// Whether inputs are bf16; sums are f32 all the same.
  bool narrow() const;
  /// Whether weights lie in another order than the plan's (O, I, KH, KW).
  bool copiesWeights() const;
  /// What the pass computes.
  const TensorRequest &computed() const;
  /// The same with a result as narrow as its inputs.
  ConvolutionRequest withNarrowResult() const;
  ConvolutionRequest withoutSums() const;
  size_t imageBytes() const { return copiesImage() ? bytesOf(image) : 0; }
  size_t weightBytes() const { return copiesWeights() ? bytesOf(weights) : 0; }

  static size_t bytesOf(const TensorRequest &tensor);
};

/// Reads a checked conv2d, conv2dGradX or conv2dGradW node.
ConvolutionRequest convolutionRequest(const Node &node);

} // namespace dualpath::cuda
