#pragma once

#include "checks.h"
#include "portable.h"

namespace dualpath::functors {

/// PyTorch's SGD: g = gradScale * grad + weightDecay * param; v = momentum * v + g; param -= lr * v, or with
/// Nesterov lr * (g + momentum * v).
struct Sgd {
  float *param;
  const float *grad;
  float *velocity;
  const float *learningRate, *gradScale;
  float momentum, weightDecay;
  bool nesterov;

  HD void operator()(int64_t i) const {
    const float g = *gradScale * grad[i] + weightDecay * param[i];
    const float v = momentum * velocity[i] + g;
    velocity[i] = v;
    param[i] -= *learningRate * (nesterov ? g + momentum * v : v);
  }
};

/// PyTorch's Adam, and AdamW when decoupled. `step` counts from 1. A row is `rowElements` elements, so that
/// the bias corrections are computed once for many.
struct Adam {
  static constexpr int64_t rowElements = 4096;

  float *param;
  const float *grad;
  float *first, *second;
  const float *learningRate;
  const uint32_t *step;
  const float *gradScale;
  double beta1, beta2;
  float epsilon, weightDecay;
  bool decoupled;
  int64_t count;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t begin = row * rowElements;
    const float rate = *learningRate, scale = *gradScale;
    const auto b1 = static_cast<float>(beta1), b2 = static_cast<float>(beta2);
    const auto c1 = static_cast<float>(1.0 - beta1), c2 = static_cast<float>(1.0 - beta2);
    const float size = rate / static_cast<float>(1.0 - math::power(beta1, *step));
    const float correction = 1.0f / math::sqrt(static_cast<float>(1.0 - math::power(beta2, *step)));
    const float shrink = decoupled ? 1.0f - rate * weightDecay : 1.0f,
                penalty = decoupled ? 0.0f : weightDecay;
    float *p = param + begin, *m = first + begin, *v = second + begin;
    const float *gradient = grad + begin;
    lanes.each(math::minimum(rowElements, count - begin), [=, epsilon = epsilon](int64_t i) {
      const float value = p[i] * shrink, g = scale * gradient[i] + penalty * p[i];
      m[i] = b1 * m[i] + c1 * g;
      v[i] = b2 * v[i] + c2 * g * g;
      p[i] = value - size * m[i] / (math::sqrt(v[i]) * correction + epsilon);
    });
  }
};

/// state = decay * state + (1 - decay) * correction * x
struct MovingAverage {
  float *state;
  const float *x;
  float decay, weight;
  HD void operator()(int64_t i) const { state[i] = decay * state[i] + weight * x[i]; }
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

/// An updated store value is both input and output: the same tensor, or one of the same place and shape.
inline const Tensor *updated(const Node &node, size_t inputIndex, size_t outputIndex, const char *name) {
  const auto *before = input(node, inputIndex, name), *after = output(node, outputIndex, name);
  requireSame(node, name, before, after);
  if (before != after)
    fail(Code::PlanInvalid, node, name, "one store value as input and output",
         before->name + " and " + after->name);
  return after;
}

inline const Tensor *oneNumber(const Node &node, size_t index, const char *name, DType dtype = DType::F32) {
  const auto *tensor = input(node, index, name, dtype);
  requireCount(node, name, 1, tensor);
  return tensor;
}

template <class Backend> Kernel sgd(const Node &node) {
  const auto *param = updated(node, 0, 0, "param"), *grad = input(node, 1, "grad"),
             *velocity = updated(node, 2, 1, "velocity");
  const auto *learningRate = oneNumber(node, 3, "learningRate"), *gradScale = oneNumber(node, 4, "gradScale");
  requireSame(node, "grad", param, grad);
  requireSame(node, "velocity", param, velocity);
  const float momentum = number(node, "momentum"), weightDecay = number(node, "weightDecay");
  const bool nesterov = node.attributes.boolean("nesterov");
  return kernel([=, count = param->count()] {
    Backend::elements(count, Sgd{param->as<float>(), grad->as<float>(), velocity->as<float>(),
                                 learningRate->as<float>(), gradScale->as<float>(), momentum, weightDecay,
                                 nesterov});
  });
}

template <class Backend> Kernel adam(const Node &node) {
  const auto *param = updated(node, 0, 0, "param"), *grad = input(node, 1, "grad"),
             *m = updated(node, 2, 1, "m"), *v = updated(node, 3, 2, "v");
  const auto *learningRate = oneNumber(node, 4, "learningRate"),
             *step = oneNumber(node, 5, "step", DType::U32), *gradScale = oneNumber(node, 6, "gradScale");
  for (const auto *tensor : {grad, m, v})
    requireSame(node, tensor == grad ? "grad" : tensor == m ? "m" : "v", param, tensor);
  const Adam rule{nullptr,
                  nullptr,
                  nullptr,
                  nullptr,
                  nullptr,
                  nullptr,
                  nullptr,
                  node.attributes.number("beta1"),
                  node.attributes.number("beta2"),
                  number(node, "epsilon"),
                  number(node, "weightDecay"),
                  node.attributes.boolean("decoupled"),
                  param->count()};
  return kernel([=] {
    Adam functor = rule;
    functor.param = param->as<float>();
    functor.grad = grad->as<float>();
    functor.first = m->as<float>();
    functor.second = v->as<float>();
    functor.learningRate = learningRate->as<float>();
    functor.step = step->as<uint32_t>();
    functor.gradScale = gradScale->as<float>();
    Backend::rows((functor.count + Adam::rowElements - 1) / Adam::rowElements, Adam::rowElements, functor);
  });
}

template <class Backend> Kernel movingAverage(const Node &node) {
  const auto *state = updated(node, 0, 0, "state"), *x = input(node, 1, "x");
  requireSame(node, "x", state, x);
  const double decay = node.attributes.number("decay"),
               correction = node.attributes.number("correction", 1.0);
  return kernel([=, count = state->count()] {
    Backend::elements(count, MovingAverage{state->as<float>(), x->as<float>(), static_cast<float>(decay),
                                           static_cast<float>((1.0 - decay) * correction)});
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
