#pragma once

#include "softmax_cross_entropy.h"

#include <memory>

// Softmax cross-entropy of a classifier, logits = x w^T + bias, by blocks of classes: no more than one block
// of logits is ever held, and the backward pass computes each once more.

namespace dualpath::functors {

/// What is known of a row's softmax after some blocks: the highest logit, the sum of the exponentials
/// relative to it, the logit of the label and the sum of all.
struct ClassState {
  float *highest, *total, *target, *sum;
};

/// Adds a block of classes to the state of its row.
struct ClassBlock {
  const float *products, *bias; // [rows, width] without bias; bias of the block's classes
  const int32_t *labels;
  ClassState state;
  int64_t first, width;
  bool smoothed;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *z = products + row * width, *b = bias;
    const bool fresh = first == 0;
    const float before = fresh ? -math::infinity() : state.highest[row];
    const float block = lanes.maximum(width, [=](int64_t i) { return z[i] + b[i]; });
    const float highest = Maximum{}(before, block);
    const float added = lanes.sum(width, [=](int64_t i) { return math::exp(z[i] + b[i] - highest); });
    const float all = smoothed ? lanes.sum(width, [=](int64_t i) { return z[i] + b[i]; }) : 0.0f;
    if (!lanes.leader())
      return;
    const int64_t label = labels[row] - first;
    state.total[row] = (fresh ? 0.0f : state.total[row] * math::exp(before - highest)) + added;
    state.sum[row] = (fresh ? 0.0f : state.sum[row]) + all;
    state.highest[row] = highest;
    if (fresh || (label >= 0 && label < width))
      state.target[row] = label >= 0 && label < width ? z[label] + b[label] : 0.0f;
  }
};

/// Loss and log-sum-exp of a row after the last block.
struct ClassLoss {
  ClassState state;
  const int32_t *labels;
  float *loss, *logSumExp;
  float classes, smoothing;

  HD void operator()(int64_t row) const {
    const float normalizer = state.highest[row] + math::log(state.total[row]);
    const float wanted = (1.0f - smoothing) * state.target[row] + smoothing / classes * state.sum[row];
    logSumExp[row] = normalizer;
    loss[row] = labels[row] < 0 ? 0.0f : normalizer - wanted;
  }
};

/// A block's products become the gradient of its logits.
struct ClassBlockGrad {
  const float *dloss, *bias, *logSumExp;
  const int32_t *labels;
  float *products;
  int64_t first, width;
  float floor, hit; // what the target distribution gives to any class, and to the label

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    float *z = products + row * width;
    const float *b = bias;
    const int32_t label = labels[row];
    const float weight = label < 0 ? 0.0f : dloss[row], normalizer = logSumExp[row];
    const auto own = static_cast<int32_t>(label - first);
    lanes.each(width, [=, low = floor, high = hit](int64_t i) {
      const float wanted = static_cast<int32_t>(i) == own ? high : low;
      z[i] = weight * (math::exp(z[i] + b[i] - normalizer) - wanted);
    });
  }
};

/// The sum over the rows of one column.
struct ColumnSum {
  const float *x;
  float *sums;
  int64_t rows, width;

  HD void operator()(int64_t column) const {
    float sum = 0.0f;
    for (int64_t row = 0; row < rows; ++row)
      sum += x[row * width + column];
    sums[column] = sum;
  }
};

/// y[m, n] = a[m, k] b[k, n] of raw row-major matrices, added to what y holds where it accumulates; a
/// transposed operand is stored the other way round.
struct ProductSize {
  int64_t m, k, n;
  bool transposeA, transposeB, accumulate;
};

/// A checked node, and how its classes are cut.
struct ClassBlocks {
  const Tensor *x, *w, *bias, *labels;
  int64_t rows, dimension, classes, block;
  float smoothing;

  int64_t tail() const { return classes % block; }
  /// visit(first class, classes of the block)
  template <class Visit> void each(Visit visit) const {
    for (int64_t first = 0; first < classes; first += block)
      visit(first, std::min(block, classes - first));
  }
};

inline ClassBlocks classBlocks(const Node &node, size_t first) {
  const auto *x = input(node, first, "x"), *w = input(node, first + 1, "w"),
             *bias = input(node, first + 2, "bias"), *labels = input(node, first + 3, "labels", DType::I32);
  requireRank(node, "x", x, 2);
  requireRank(node, "w", w, 2);
  requireShape(node, "w", {w->shape[0], x->shape[1]}, w->shape);
  requireShape(node, "bias", {w->shape[0]}, bias->shape);
  requireShape(node, "labels", {x->shape[0]}, labels->shape);
  const int64_t block = integerIn(node, "block", 16, int64_t{1} << 30);
  if (block % 16 != 0) // each block of w begins where matrices may
    fail(Code::Attribute, node, "block", "a multiple of 16", std::to_string(block));
  return {x,
          w,
          bias,
          labels,
          x->shape[0],
          x->shape[1],
          w->shape[0],
          std::min(block, w->shape[0]),
          smoothingOf(node)};
}

/// Products of one kind for whole blocks and for the rest; `make(width)` gives the size of one.
template <class Product> struct BlockProducts {
  std::shared_ptr<Product> whole, rest;

  template <class Make>
  BlockProducts(const Node &node, const ClassBlocks &blocks, Make make)
      : whole(std::make_shared<Product>(node, make(blocks.block))),
        rest(blocks.tail() ? std::make_shared<Product>(node, make(blocks.tail())) : whole),
        tail_(blocks.tail()) {}

  Product &of(int64_t width) const { return width == tail_ ? *rest : *whole; }
  size_t scratchBytes() const { return std::max(whole->scratchBytes(), rest->scratchBytes()); }

private:
  int64_t tail_;
};

template <class Product> BlockProducts<Product> logitProducts(const Node &node, const ClassBlocks &blocks) {
  return {node, blocks, [=](int64_t width) {
            return ProductSize{blocks.rows, blocks.dimension, width, false, true, false};
          }};
}

template <class Backend, class Product> Kernel classifierCrossEntropy(const Node &node) {
  const auto blocks = classBlocks(node, 0);
  const auto *loss = output(node, 0, "loss"), *logSumExp = output(node, 1, "logSumExp");
  requireSame(node, "loss", blocks.labels, loss);
  requireSame(node, "logSumExp", blocks.labels, logSumExp);
  const auto logits = logitProducts<Product>(node, blocks);
  const size_t held = scratchBytes(blocks.rows * blocks.block, sizeof(float)),
               row = scratchBytes(blocks.rows, sizeof(float));
  return kernel(held + 4 * row + logits.scratchBytes(), [=, &node](std::byte *scratch) {
    const auto floats = [&](size_t at) { return reinterpret_cast<float *>(scratch + at); };
    auto *products = floats(0);
    const ClassState state{floats(held), floats(held + row), floats(held + 2 * row), floats(held + 3 * row)};
    const auto *labels = blocks.labels->as<int32_t>();
    Backend::checkIndices(node, "labels", labels, blocks.rows, -1, blocks.classes - 1);
    blocks.each([&](int64_t first, int64_t width) {
      logits.of(width).run(blocks.x->as<float>(), blocks.w->as<float>() + first * blocks.dimension, products,
                           scratch + held + 4 * row);
      Backend::rows(blocks.rows, 4 * width,
                    ClassBlock{products, blocks.bias->as<float>() + first, labels, state, first, width,
                               blocks.smoothing > 0.0f});
    });
    Backend::elements(blocks.rows, ClassLoss{state, labels, loss->as<float>(), logSumExp->as<float>(),
                                             static_cast<float>(blocks.classes), blocks.smoothing});
  });
}

template <class Backend, class Product> Kernel classifierCrossEntropyGrad(const Node &node) {
  const auto *dloss = input(node, 0, "dloss"), *logSumExp = input(node, 5, "logSumExp");
  const auto blocks = classBlocks(node, 1);
  const auto *dx = output(node, 0, "dx"), *dw = output(node, 1, "dw"), *dbias = output(node, 2, "dbias");
  requireSame(node, "dloss", blocks.labels, dloss);
  requireSame(node, "logSumExp", blocks.labels, logSumExp);
  requireSame(node, "dx", blocks.x, dx);
  requireSame(node, "dw", blocks.w, dw);
  requireSame(node, "dbias", blocks.bias, dbias);
  const auto logits = logitProducts<Product>(node, blocks);
  const BlockProducts<Product> forWeights(node, blocks, [=](int64_t width) {
    return ProductSize{width, blocks.rows, blocks.dimension, true, false, false};
  });
  const auto inputGradient = [=](bool accumulate) {
    return BlockProducts<Product>(node, blocks, [=](int64_t width) {
      return ProductSize{blocks.rows, width, blocks.dimension, false, false, accumulate};
    });
  };
  const auto begun = inputGradient(false), added = inputGradient(true);
  const size_t held = scratchBytes(blocks.rows * blocks.block, sizeof(float));
  const size_t work = std::max(
      {logits.scratchBytes(), forWeights.scratchBytes(), begun.scratchBytes(), added.scratchBytes()});
  const float floor = blocks.smoothing / static_cast<float>(blocks.classes);
  return kernel(held + work, [=](std::byte *scratch) {
    auto *products = reinterpret_cast<float *>(scratch);
    auto *free = scratch + held;
    const auto *x = blocks.x->as<float>();
    blocks.each([&](int64_t first, int64_t width) {
      const auto *w = blocks.w->as<float>() + first * blocks.dimension;
      logits.of(width).run(x, w, products, free);
      Backend::rows(blocks.rows, 4 * width,
                    ClassBlockGrad{dloss->as<float>(), blocks.bias->as<float>() + first,
                                   logSumExp->as<float>(), blocks.labels->as<int32_t>(), products, first,
                                   width, floor, floor + 1.0f - blocks.smoothing});
      forWeights.of(width).run(products, x, dw->as<float>() + first * blocks.dimension, free);
      (first == 0 ? begun : added).of(width).run(products, w, dx->as<float>(), free);
      Backend::elements(width, ColumnSum{products, dbias->as<float>() + first, blocks.rows, width});
    });
  });
}

} // namespace dualpath::functors
