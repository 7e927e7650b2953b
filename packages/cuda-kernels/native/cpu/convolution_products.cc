#include "convolution_products.h"

#include "../engine/region.h"
#include "patches.h"
#include "product.h"

#include <memory>

namespace dualpath::cpu {
namespace {

/// Patches of so many images at once that they stay in the cache between gathering and product.
constexpr int64_t patchBytes = int64_t{4} << 20;

/// The largest divisor of the batch whose patches fit; all of it where there is nothing to gather.
int64_t imagesAtOnce(const Patches &patches) {
  const auto batch = patches.shape.source->shape[0];
  if (patches.arePixels())
    return batch;
  const auto perImage = patches.rowsPerImage() * patches.depth() * static_cast<int64_t>(sizeof(float));
  for (auto images = batch; images > 1; --images)
    if (batch % images == 0 && images * perImage <= patchBytes)
      return images;
  return 1;
}

/// Scratch of one kernel: patches, weights as a matrix, a plain copy of blocked destination images, the
/// product's own.
struct Work {
  Patches patches;
  int64_t batch, images, rows;
  size_t matrixAt, plainAt, productAt;

  explicit Work(const ConvolutionShape &shape)
      : patches(shape), batch(shape.source->shape[0]), images(imagesAtOnce(patches)),
        rows(images * patches.rowsPerImage()) {
    matrixAt = patches.arePixels() ? 0 : alignUp(rows * patches.depth() * sizeof(float));
    plainAt = matrixAt + alignUp(patches.matrixSize() * sizeof(float));
    productAt = plainAt + (isBlocked() ? alignUp(rows * patches.outChannels * sizeof(float)) : 0);
  }
  bool isBlocked() const { return patches.shape.destination->layout != Layout::Plain; }
  /// Where rows of patches are: in scratch, or in the source itself.
  float *rowsIn(std::byte *scratch) const {
    return patches.arePixels() ? patches.shape.source->as<float>() : reinterpret_cast<float *>(scratch);
  }
  const float *gather(std::byte *scratch, int64_t first) const {
    if (!patches.arePixels())
      patches.gather(first, images, rowsIn(scratch));
    return rowsIn(scratch);
  }
  void fold(std::byte *scratch, int64_t first) const {
    if (!patches.arePixels())
      patches.fold(first, images, rowsIn(scratch));
  }
  float *matrixIn(std::byte *scratch) const { return reinterpret_cast<float *>(scratch + matrixAt); }
  /// Where plain destination images from `first` on are: in place, or in scratch.
  float *plainIn(std::byte *scratch, int64_t first) const {
    if (isBlocked())
      return reinterpret_cast<float *>(scratch + plainAt);
    return patches.shape.destination->as<float>() + first * patches.rowsPerImage() * patches.outChannels;
  }
  const float *readPlain(std::byte *scratch, int64_t first) const {
    if (isBlocked())
      toPlain(*patches.shape.destination, first, images, plainIn(scratch, first));
    return plainIn(scratch, first);
  }
};

Kernel kernelOf(const Work &work, const Product &product, std::function<void(std::byte *)> run) {
  return {"patches, " + product.name(), work.productAt + product.scratchBytes(), std::move(run)};
}

} // namespace

bool isSequence(const ConvolutionShape &shape) {
  const auto &w = shape.weights->shape;
  return shape.source->shape[1] == 1 && w[2] == 1;
}

Kernel conv2dByProducts(const ConvolutionShape &shape, const Epilogue &epilogue) {
  const Work work(shape);
  Product::Operands operands{work.rows, work.patches.depth(), work.patches.outChannels, false, true};
  operands.rowB = work.patches.matrixRow();
  operands.epilogue = epilogue;
  const auto product = std::make_shared<Product>(operands);
  return kernelOf(work, *product, [work, product](std::byte *scratch) {
    const auto &patches = work.patches;
    patches.toMatrix(patches.shape.weights->as<float>(), work.matrixIn(scratch));
    for (int64_t first = 0; first < work.batch; first += work.images) {
      const auto *rows = work.gather(scratch, first);
      auto *plain = work.plainIn(scratch, first);
      product->run(rows, work.matrixIn(scratch), plain, scratch + work.productAt);
      if (work.isBlocked())
        fromPlain(*patches.shape.destination, first, work.images, plain);
    }
  });
}

Kernel conv2dGradXByProducts(const ConvolutionShape &shape) {
  const Work work(shape);
  Product::Operands operands{work.rows, work.patches.outChannels, work.patches.depth()};
  operands.rowB = work.patches.matrixRow();
  const auto product = std::make_shared<Product>(operands);
  return kernelOf(work, *product, [work, product](std::byte *scratch) {
    const auto &patches = work.patches;
    patches.toMatrix(patches.shape.weights->as<float>(), work.matrixIn(scratch));
    for (int64_t first = 0; first < work.batch; first += work.images) {
      const auto *plain = work.readPlain(scratch, first);
      product->run(plain, work.matrixIn(scratch), work.rowsIn(scratch), scratch + work.productAt);
      work.fold(scratch, first);
    }
  });
}

Kernel conv2dGradWByProducts(const ConvolutionShape &shape) {
  const Work work(shape);
  Product::Operands operands{work.patches.outChannels, work.rows, work.patches.depth(), true};
  operands.rowY = work.patches.matrixRow();
  const auto first = std::make_shared<Product>(operands);
  operands.accumulate = true;
  const auto others = std::make_shared<Product>(operands);
  auto kernel = kernelOf(work, *first, [work, first, others](std::byte *scratch) {
    const auto &patches = work.patches;
    for (int64_t at = 0; at < work.batch; at += work.images) {
      const auto *rows = work.gather(scratch, at);
      const auto *plain = work.readPlain(scratch, at);
      auto &product = at == 0 ? *first : *others;
      product.run(plain, rows, work.matrixIn(scratch), scratch + work.productAt);
    }
    patches.fromMatrix(work.matrixIn(scratch), patches.shape.weights->as<float>());
  });
  kernel.scratchBytes = work.productAt + std::max(first->scratchBytes(), others->scratchBytes());
  return kernel;
}

} // namespace dualpath::cpu
