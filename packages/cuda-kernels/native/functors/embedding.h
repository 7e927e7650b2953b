#pragma once

#include "segments.h"

namespace dualpath::functors {

/// Word id 0 is padding and gives the bias alone; id k gives row k - 1 of the table plus the bias.
template <class T> struct Embedding {
  const float *table, *bias;
  const int32_t *ids;
  T *y;
  int64_t width;

  template <class Lanes> HD void operator()(int64_t position, Lanes lanes) const {
    const int32_t id = ids[position];
    const float *offset = bias;
    T *target = y + position * width;
    if (id > 0) {
      const float *word = table + (id - 1) * width;
      lanes.each(width, [=](int64_t i) { target[i] = word[i] + offset[i]; });
    } else {
      lanes.each(width, [=](int64_t i) { target[i] = offset[i]; });
    }
  }
};

template <class Backend> Kernel embedding(const Node &node) {
  const auto *table = input(node, 0, "table"), *bias = input(node, 1, "bias"),
             *ids = input(node, 2, "ids", DType::I32);
  const auto *y = stored(node, node.outputs, 0, "y");
  requireRank(node, "table", table, 2);
  requireRank(node, "ids", ids, 2);
  const int64_t words = table->shape[0], width = table->shape[1];
  requireShape(node, "bias", {width}, bias->shape);
  requireShape(node, "y", {ids->shape[0], 1, ids->shape[1], width}, y->shape);
  return forStorage(y, [=, &node](auto type) {
    using T = decltype(type);
    return kernel([=, &node, count = ids->count()] {
      Backend::checkIndices(node, "ids", ids->as<int32_t>(), count, 0, words);
      Backend::rows(
          count, width,
          Embedding<T>{table->as<float>(), bias->as<float>(), ids->as<int32_t>(), y->as<T>(), width});
    });
  });
}

template <class Backend> Kernel embeddingGrad(const Node &node) {
  const auto *ids = input(node, 0, "ids", DType::I32), *dy = stored(node, node.inputs, 1, "dy");
  const auto *dtable = output(node, 0, "dtable");
  requireRank(node, "ids", ids, 2);
  requireRank(node, "dtable", dtable, 2);
  const int64_t vocabulary = node.attributes.integer("vocabulary");
  requireShape(node, "dtable", {vocabulary, dtable->shape[1]}, dtable->shape);
  requireShape(node, "dy", {ids->shape[0], 1, ids->shape[1], dtable->shape[1]}, dy->shape);
  return forStorage(
      dy, [=, &node](auto type) { return segmentSum<Backend, decltype(type)>(node, ids, dy, dtable, 1); });
}

} // namespace dualpath::functors
