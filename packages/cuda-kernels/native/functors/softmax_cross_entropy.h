#pragma once

#include "checks.h"
#include "lanes.h"

namespace dualpath::functors {

/// loss = logSumExp - (1 - smoothing) * logits[label] - smoothing * mean(logits); label -1 is ignored and
/// costs 0. Probabilities are never stored.
struct SoftmaxCrossEntropy {
  const float *logits;
  const int32_t *labels;
  float *loss, *logSumExp;
  int64_t classes;
  float smoothing;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *z = logits + row * classes;
    const float highest = lanes.maximum(classes, [=](int64_t i) { return z[i]; });
    const float total = lanes.sum(classes, [=](int64_t i) { return math::exp(z[i] - highest); });
    const float normalizer = highest + math::log(total);
    const int32_t label = labels[row];
    float target = label < 0 ? 0.0f : (1.0f - smoothing) * z[label];
    if (smoothing > 0.0f)
      target += smoothing / static_cast<float>(classes) * lanes.sum(classes, [=](int64_t i) { return z[i]; });
    if (lanes.leader()) {
      loss[row] = label < 0 ? 0.0f : normalizer - target;
      logSumExp[row] = normalizer;
    }
  }
};

struct SoftmaxCrossEntropyGrad {
  const float *dloss, *logits;
  const int32_t *labels;
  const float *logSumExp;
  float *dlogits;
  int64_t classes;
  float smoothing;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *z = logits + row * classes;
    float *target = dlogits + row * classes;
    const int32_t label = labels[row];
    const float weight = label < 0 ? 0.0f : dloss[row], normalizer = logSumExp[row];
    const float floor = smoothing / static_cast<float>(classes), hit = floor + 1.0f - smoothing;
    lanes.each(classes, [=](int64_t i) {
      const float wanted = static_cast<int32_t>(i) == label ? hit : floor;
      target[i] = weight * (math::exp(z[i] - normalizer) - wanted);
    });
  }
};

inline void checkLogits(const Node &node, const Tensor *logits, const Tensor *labels) {
  requireRank(node, "logits", logits, 2);
  requireShape(node, "labels", {logits->shape[0]}, labels->shape);
  if (logits->shape[1] < 1)
    fail(Code::Shape, node, "logits", "at least one class", printShape(logits->shape));
}

inline float smoothingOf(const Node &node) {
  return node.attributes.has("smoothing") ? fraction(node, "smoothing") : 0.0f;
}

template <class Backend> Kernel softmaxCrossEntropy(const Node &node) {
  const auto *logits = input(node, 0, "logits"), *labels = input(node, 1, "labels", DType::I32);
  const auto *loss = output(node, 0, "loss"), *logSumExp = output(node, 1, "logSumExp");
  checkLogits(node, logits, labels);
  requireSame(node, "loss", labels, loss);
  requireSame(node, "logSumExp", labels, logSumExp);
  return kernel(
      [=, &node, rows = logits->shape[0], classes = logits->shape[1], smoothing = smoothingOf(node)] {
        Backend::checkIndices(node, "labels", labels->as<int32_t>(), rows, -1, classes - 1);
        Backend::rows(rows, 4 * classes,
                      SoftmaxCrossEntropy{logits->as<float>(), labels->as<int32_t>(), loss->as<float>(),
                                          logSumExp->as<float>(), classes, smoothing});
      });
}

template <class Backend> Kernel softmaxCrossEntropyGrad(const Node &node) {
  const auto *dloss = input(node, 0, "dloss"), *logits = input(node, 1, "logits"),
             *labels = input(node, 2, "labels", DType::I32), *logSumExp = input(node, 3, "logSumExp");
  const auto *dlogits = output(node, 0, "dlogits");
  checkLogits(node, logits, labels);
  requireSame(node, "dloss", labels, dloss);
  requireSame(node, "logSumExp", labels, logSumExp);
  requireSame(node, "dlogits", logits, dlogits);
  return kernel([=, rows = logits->shape[0], classes = logits->shape[1], smoothing = smoothingOf(node)] {
    Backend::rows(rows, 4 * classes,
                  SoftmaxCrossEntropyGrad{dloss->as<float>(), logits->as<float>(), labels->as<int32_t>(),
                                          logSumExp->as<float>(), dlogits->as<float>(), classes, smoothing});
  });
}

} // namespace dualpath::functors
