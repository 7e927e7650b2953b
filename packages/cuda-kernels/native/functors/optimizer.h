#pragma once

#include "checks.h"
#include "lanes.h"
#include "spans.h"

namespace dualpath::functors {

/// PyTorch's SGD on (param, grad, velocity): g = gradScale * grad + weightDecay * param; v = momentum * v +
/// g; param -= lr * v, or with Nesterov lr * (g + momentum * v).
struct Sgd {
  Spans<3> spans;
  const float *learningRate, *gradScale;
  float momentum, weightDecay;
  bool nesterov;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const auto piece = spans.piece(row);
    float *param = piece.data(0), *velocity = piece.data(2);
    const float *grad = piece.data(1);
    const float rate = *learningRate, scale = *gradScale;
    lanes.each(piece.count, [=, momentum = momentum, decay = weightDecay, nesterov = nesterov](int64_t i) {
      const float g = scale * grad[i] + decay * param[i];
      const float v = momentum * velocity[i] + g;
      velocity[i] = v;
      param[i] -= rate * (nesterov ? g + momentum * v : v);
    });
  }
};

/// PyTorch's Adam on (param, grad, m, v), and AdamW when decoupled. `step` counts from 1.
struct Adam {
  Spans<4> spans;
  const float *learningRate;
  const uint32_t *step;
  const float *gradScale;
  double beta1, beta2;
  float epsilon, weightDecay;
  bool decoupled;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float rate = *learningRate, scale = *gradScale;
    const auto b1 = static_cast<float>(beta1), b2 = static_cast<float>(beta2);
    const auto c1 = static_cast<float>(1.0 - beta1), c2 = static_cast<float>(1.0 - beta2);
    const float size = rate / static_cast<float>(1.0 - math::power(beta1, *step));
    const float correction = 1.0f / math::sqrt(static_cast<float>(1.0 - math::power(beta2, *step)));
    const float shrink = decoupled ? 1.0f - rate * weightDecay : 1.0f,
                penalty = decoupled ? 0.0f : weightDecay;
    const auto piece = spans.piece(row);
    float *p = piece.data(0), *m = piece.data(2), *v = piece.data(3);
    const float *gradient = piece.data(1);
    lanes.each(piece.count, [=, epsilon = epsilon](int64_t i) {
      const float value = p[i] * shrink, g = scale * gradient[i] + penalty * p[i];
      m[i] = b1 * m[i] + c1 * g;
      v[i] = b2 * v[i] + c2 * g * g;
      p[i] = value - size * m[i] / (math::sqrt(v[i]) * correction + epsilon);
    });
  }
};

/// (state, x): state = decay * state + (1 - decay) * correction * x
struct MovingAverage {
  Spans<2> spans;
  float decay, weight;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const auto piece = spans.piece(row);
    float *state = piece.data(0);
    const float *x = piece.data(1);
    lanes.each(piece.count, [=, decay = decay, weight = weight](int64_t i) {
      state[i] = decay * state[i] + weight * x[i];
    });
  }
};

/// The sum of the squares of every piece, and the sum of such sums: a row of its own.
struct PieceSquares {
  Spans<1> spans;
  float *sums;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const auto piece = spans.piece(row);
    const float *x = piece.data(0);
    const float sum = lanes.sum(piece.count, [=](int64_t i) { return x[i] * x[i]; });
    if (lanes.leader())
      sums[row] = sum;
  }
};

struct Total {
  const float *sums;
  float *total;
  int64_t count;

  template <class Lanes> HD void operator()(int64_t, Lanes lanes) const {
    const float sum = lanes.sum(count, [=, sums = sums](int64_t i) { return sums[i]; });
    if (lanes.leader())
      *total = sum;
  }
};

/// The factor that brings a gradient of squared norm `total` down to the maximum norm.
struct ClipScale {
  const float *total;
  float *scale;
  float maximum;
  HD void operator()(int64_t) const {
    const float ratio = maximum / (math::sqrt(*total) + 1e-6f);
    *scale = ratio > 1.0f ? 1.0f : ratio;
  }
};

inline const Tensor *oneNumber(const Node &node, size_t index, const char *name, DType dtype = DType::F32) {
  const auto *tensor = input(node, index, name, dtype);
  requireCount(node, name, 1, tensor);
  return tensor;
}

template <class Backend> Kernel sgd(const Node &node) {
  const auto *learningRate = oneNumber(node, 0, "learningRate"), *gradScale = oneNumber(node, 1, "gradScale");
  const auto tensors = spanTensors(node, 2, {"param", "grad", "velocity"}, {0, 2});
  const float momentum = number(node, "momentum"), weightDecay = number(node, "weightDecay");
  const bool nesterov = node.attributes.boolean("nesterov");
  return kernel([=] {
    overSpans<3>(tensors, [&](const Spans<3> &spans, int64_t) {
      Backend::rows(
          spans.pieces, Spans<3>::pieceElements,
          Sgd{spans, learningRate->as<float>(), gradScale->as<float>(), momentum, weightDecay, nesterov});
    });
  });
}

template <class Backend> Kernel adam(const Node &node) {
  const auto *learningRate = oneNumber(node, 0, "learningRate"),
             *step = oneNumber(node, 1, "step", DType::U32), *gradScale = oneNumber(node, 2, "gradScale");
  const auto tensors = spanTensors(node, 3, {"param", "grad", "m", "v"}, {0, 2, 3});
  const double beta1 = node.attributes.number("beta1"), beta2 = node.attributes.number("beta2");
  const float epsilon = number(node, "epsilon"), weightDecay = number(node, "weightDecay");
  const bool decoupled = node.attributes.boolean("decoupled");
  return kernel([=] {
    overSpans<4>(tensors, [&](const Spans<4> &spans, int64_t) {
      Backend::rows(spans.pieces, Spans<4>::pieceElements,
                    Adam{spans, learningRate->as<float>(), step->as<uint32_t>(), gradScale->as<float>(),
                         beta1, beta2, epsilon, weightDecay, decoupled});
    });
  });
}

template <class Backend> Kernel movingAverage(const Node &node) {
  const auto tensors = spanTensors(node, 0, {"state", "x"}, {0});
  const double decay = node.attributes.number("decay"),
               correction = node.attributes.number("correction", 1.0);
  return kernel([=] {
    overSpans<2>(tensors, [&](const Spans<2> &spans, int64_t) {
      Backend::rows(
          spans.pieces, Spans<2>::pieceElements,
          MovingAverage{spans, static_cast<float>(decay), static_cast<float>((1.0 - decay) * correction)});
    });
  });
}

template <class Backend> Kernel sumSquares(const Node &node) {
  const auto tensors = spanTensors(node, 0, {"x"}, {});
  const auto *y = output(node, 0, "y");
  requireCount(node, "y", 1, y);
  int64_t pieces = 0;
  for (const auto *tensor : tensors.list)
    pieces += piecesOf<1>(tensor);
  return kernel(scratchBytes(pieces, sizeof(float)), [=](std::byte *scratch) {
    auto *sums = reinterpret_cast<float *>(scratch);
    overSpans<1>(tensors, [&](const Spans<1> &spans, int64_t before) {
      Backend::rows(spans.pieces, Spans<1>::pieceElements, PieceSquares{spans, sums + before});
    });
    Backend::rows(1, pieces, Total{sums, y->as<float>(), pieces});
  });
}

template <class Backend> Kernel clipScale(const Node &node) {
  const auto *total = oneNumber(node, 0, "total");
  const auto *scale = output(node, 0, "scale");
  requireCount(node, "scale", 1, scale);
  const float maximum = number(node, "maximum");
  return kernel([=] { Backend::elements(1, ClipScale{total->as<float>(), scale->as<float>(), maximum}); });
}

} // namespace dualpath::functors
