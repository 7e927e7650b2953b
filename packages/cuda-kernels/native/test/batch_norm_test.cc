#include "operands.h"

#include <algorithm>

using namespace dualpath;
using namespace dualpath::test;

namespace {

/// Float32 means over up to a thousand positions, divided by a standard deviation near 0.6.
constexpr double tolerance = 2e-5;
constexpr double epsilon = 1e-3;

/// So wide that every activation cuts.
Floats wide(Floats values) {
  for (auto &value : values)
    value *= 8;
  return values;
}

double floorOf(const std::string &activation) { return activation == "none" ? -INFINITY : 0; }
double ceilingOf(const std::string &activation) { return activation == "relu6" ? 6 : INFINITY; }

/// All of one case: operands, and what float64 loops give for them. Channels are the last axis.
struct Reference {
  Shape shape;
  int64_t rows, channels;
  Floats x, gamma, beta, residual, dy;
  Doubles mean, variance, y, dx, dgamma, dbeta, dresidual;

  explicit Reference(const Shape &shape)
      : shape(shape), rows(product(shape) / shape.back()), channels(shape.back()),
        x(randoms(product(shape), 1)), gamma(wide(randoms(channels, 2))), beta(randoms(channels, 3)),
        residual(randoms(product(shape), 4)), dy(randoms(product(shape), 5)), mean(channels),
        variance(channels) {}

  void batchStatistics() {
    for (int64_t i = 0; i < rows * channels; ++i)
      mean[i % channels] += x[i] / static_cast<double>(rows);
    for (int64_t i = 0; i < rows * channels; ++i)
      variance[i % channels] += std::pow(x[i] - mean[i % channels], 2) / static_cast<double>(rows);
  }
  void givenStatistics() {
    for (int64_t c = 0; c < channels; ++c)
      mean[c] = 0.1 * static_cast<double>(c % 3), variance[c] = 0.5 + 0.25 * static_cast<double>(c % 2);
  }
  double normal(int64_t i) const {
    return (x[i] - mean[i % channels]) / std::sqrt(variance[i % channels] + epsilon);
  }
  void outputs(bool addResidual, const std::string &activation) {
    for (int64_t i = 0; i < rows * channels; ++i) {
      const auto value =
          gamma[i % channels] * normal(i) + beta[i % channels] + (addResidual ? residual[i] : 0.0f);
      y.push_back(std::clamp<double>(value, floorOf(activation), ceilingOf(activation)));
    }
  }
  void gradients(const std::string &activation, bool frozen) {
    dgamma.assign(channels, 0), dbeta.assign(channels, 0);
    for (int64_t i = 0; i < rows * channels; ++i) {
      dresidual.push_back(y[i] <= floorOf(activation) || y[i] >= ceilingOf(activation) ? 0.0 : dy[i]);
      dbeta[i % channels] += dresidual[i];
      dgamma[i % channels] += dresidual[i] * normal(i);
    }
    for (int64_t i = 0; i < rows * channels; ++i) {
      const auto c = i % channels;
      const auto drift = frozen ? 0.0 : (dbeta[c] + normal(i) * dgamma[c]) / static_cast<double>(rows);
      dx.push_back(gamma[c] / std::sqrt(variance[c] + epsilon) * (dresidual[i] - drift));
    }
  }
};

struct Tensors {
  Operand x, gamma, beta, residual, y, mean, variance, dy, dx, dgamma, dbeta, dresidual;

  Tensors(const Reference &r, Layout layout)
      : x("x", r.shape, layout), gamma("gamma", {r.channels}), beta("beta", {r.channels}),
        residual("residual", r.shape, layout), y("y", r.shape, layout), mean("mean", {r.channels}),
        variance("variance", {r.channels}), dy("dy", r.shape, layout), dx("dx", r.shape, layout),
        dgamma("dgamma", {r.channels}), dbeta("dbeta", {r.channels}),
        dresidual("dresidual", r.shape, layout) {
    x.write(r.x), gamma.write(r.gamma), beta.write(r.beta), residual.write(r.residual), dy.write(r.dy);
  }
};

Floats narrowed(const Doubles &values) { return {values.begin(), values.end()}; }

void checkGradients(const Reference &r, const Tensors &t) {
  close("dx", t.dx.read(), r.dx, tolerance);
  close("dgamma", t.dgamma.read(), r.dgamma, tolerance);
  close("dbeta", t.dbeta.read(), r.dbeta, tolerance);
}

void train(const Shape &shape, Layout layout, const std::string &activation) {
  Reference r(shape);
  r.batchStatistics(), r.outputs(false, activation), r.gradients(activation, false);
  Tensors t(r, layout);
  const Attributes attributes({{"epsilon", epsilon}, {"activation", activation}});
  runNode({"batchNorm",
           "n",
           {&t.x.tensor, &t.gamma.tensor, &t.beta.tensor},
           {&t.y.tensor, &t.mean.tensor, &t.variance.tensor},
           attributes});
  close("y", t.y.read(), r.y, tolerance);
  close("mean", t.mean.read(), r.mean, tolerance);
  close("variance", t.variance.read(), r.variance, tolerance);
  runNode({"batchNormGrad",
           "n",
           {&t.dy.tensor, &t.x.tensor, &t.gamma.tensor, &t.mean.tensor, &t.variance.tensor, &t.y.tensor},
           {&t.dx.tensor, &t.dgamma.tensor, &t.dbeta.tensor},
           attributes});
  checkGradients(r, t);
}

void frozen(const Shape &shape, Layout layout, const std::string &activation) {
  Reference r(shape);
  r.givenStatistics(), r.outputs(false, activation), r.gradients(activation, true);
  Tensors t(r, layout);
  t.mean.write(narrowed(r.mean)), t.variance.write(narrowed(r.variance));
  const Attributes attributes({{"epsilon", epsilon}, {"activation", activation}});
  runNode({"batchNormFrozen",
           "n",
           {&t.x.tensor, &t.gamma.tensor, &t.beta.tensor, &t.mean.tensor, &t.variance.tensor},
           {&t.y.tensor},
           attributes});
  close("y", t.y.read(), r.y, tolerance);
  runNode({"batchNormFrozenGrad",
           "n",
           {&t.dy.tensor, &t.x.tensor, &t.gamma.tensor, &t.mean.tensor, &t.variance.tensor, &t.y.tensor},
           {&t.dx.tensor, &t.dgamma.tensor, &t.dbeta.tensor},
           attributes});
  checkGradients(r, t);
}

void fused(const Shape &shape, Layout layout) {
  Reference r(shape);
  r.batchStatistics(), r.outputs(true, "relu"), r.gradients("relu", false);
  Tensors t(r, layout);
  const Attributes attributes({{"epsilon", epsilon}});
  runNode({"batchNormAddRelu",
           "n",
           {&t.x.tensor, &t.gamma.tensor, &t.beta.tensor, &t.residual.tensor},
           {&t.y.tensor, &t.mean.tensor, &t.variance.tensor},
           attributes});
  close("y", t.y.read(), r.y, tolerance);
  runNode({"batchNormAddReluGrad",
           "n",
           {&t.dy.tensor, &t.x.tensor, &t.gamma.tensor, &t.mean.tensor, &t.variance.tensor, &t.y.tensor},
           {&t.dx.tensor, &t.dgamma.tensor, &t.dbeta.tensor, &t.dresidual.tensor},
           attributes});
  checkGradients(r, t);
  close("dresidual", t.dresidual.read(), r.dresidual, tolerance);
}

void everywhere(const std::function<void(const Shape &, Layout)> &body) {
  for (const auto &shape : {Shape{2, 5, 6, 16}, Shape{3, 4, 4, 48}, Shape{1, 1, 40, 32}})
    for (const auto layout : {Layout::Plain, Layout::Blocked8, Layout::Blocked16})
      body(shape, layout);
  for (const auto &shape : {Shape{2, 5, 6, 7}, Shape{2, 3, 3, 1}, Shape{33, 20}, Shape{8, 64}})
    body(shape, Layout::Plain);
}

/// Planners may give dx the memory of dy, and a frozen y that of x.
void inPlace(const Shape &shape, Layout layout) {
  const Attributes attributes({{"epsilon", epsilon}, {"activation", std::string("relu6")}});
  Reference r(shape);
  r.givenStatistics(), r.outputs(false, "relu6"), r.gradients("relu6", true);
  Tensors t(r, layout);
  t.mean.write(narrowed(r.mean)), t.variance.write(narrowed(r.variance));
  t.y.write(r.x);
  runNode({"batchNormFrozen",
           "n",
           {&t.y.tensor, &t.gamma.tensor, &t.beta.tensor, &t.mean.tensor, &t.variance.tensor},
           {&t.y.tensor},
           attributes});
  close("y over x", t.y.read(), r.y, tolerance);
  runNode({"batchNormFrozenGrad",
           "n",
           {&t.dy.tensor, &t.x.tensor, &t.gamma.tensor, &t.mean.tensor, &t.variance.tensor, &t.y.tensor},
           {&t.dy.tensor, &t.dgamma.tensor, &t.dbeta.tensor},
           attributes});
  close("dx over dy", t.dy.read(), r.dx, tolerance);
}

void refuses() {
  Operand x("x", {2, 3, 4, 16}), gamma("gamma", {8}), beta("beta", {16}), y("y", {2, 3, 4, 16}), s("s", {16});
  equal("gamma", failureOf([&] {
          runNode({"batchNorm",
                   "n",
                   {&x.tensor, &gamma.tensor, &beta.tensor},
                   {&y.tensor, &s.tensor, &s.tensor},
                   Attributes({{"epsilon", epsilon}, {"activation", std::string("none")}})});
        }),
        "SHAPE batchNorm 'n': 'gamma': expected [16], got [8]");
  equal("activation", failureOf([&] {
          runNode({"batchNorm",
                   "n",
                   {&x.tensor, &beta.tensor, &beta.tensor},
                   {&y.tensor, &s.tensor, &s.tensor},
                   Attributes({{"epsilon", epsilon}, {"activation", std::string("tanh")}})});
        }),
        "ATTRIBUTE batchNorm 'n': activation: expected none, relu or relu6, got tanh");
}

} // namespace

int main() {
  return run({
      {"training statistics, output and gradients match loops",
       [] { everywhere([](auto s, auto l) { train(s, l, "none"); }); }},
      {"and with a fused relu", [] { everywhere([](auto s, auto l) { train(s, l, "relu"); }); }},
      {"and with a fused relu6", [] { everywhere([](auto s, auto l) { train(s, l, "relu6"); }); }},
      {"frozen statistics give output and gradients that match loops",
       [] { everywhere([](auto s, auto l) { frozen(s, l, "none"); }); }},
      {"and with a fused relu", [] { everywhere([](auto s, auto l) { frozen(s, l, "relu"); }); }},
      {"and with a fused relu6", [] { everywhere([](auto s, auto l) { frozen(s, l, "relu6"); }); }},
      {"the row fused with addition and relu matches loops", [] { everywhere(fused); }},
      {"results may take the memory of what they are made from", [] { everywhere(inPlace); }},
      {"wrong shapes and unknown activations are refused by name", refuses},
  });
}
