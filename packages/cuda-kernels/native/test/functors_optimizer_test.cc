#include "../functors/optimizer.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 5e-7; // a handful of roundings near 1

const int64_t sizes[] = {1, 15, 16, 17, 33, 1000, 4097, 40000};

void sgdMatchesPyTorchsForm(int64_t size, double momentum, double weightDecay, bool nesterov) {
  const auto param = uniform(size, 1), grad = uniform(size, 2), velocity = uniform(size, 3);
  const double rate = 0.125, scale = 0.5;
  Doubles nextParam, nextVelocity;
  for (int64_t i = 0; i < size; ++i) {
    const double g = scale * grad[i] + weightDecay * param[i], v = momentum * velocity[i] + g;
    nextVelocity.push_back(v);
    nextParam.push_back(param[i] - rate * (nesterov ? g + momentum * v : v));
  }
  check("sgd " + std::to_string(size),
        Case("sgd")
            .attribute("momentum", momentum)
            .attribute("weightDecay", weightDecay)
            .attribute("nesterov", nesterov)
            .update({size}, param)
            .in({size}, grad)
            .update({size}, velocity)
            .in({}, {rate})
            .in({}, {scale}),
        {cpu::sgd, functors::sgd<HostWarp>}, {nextParam, nextVelocity}, tolerance);
}

void adamMatchesPyTorchsForm(int64_t size, uint32_t step, double weightDecay, bool decoupled) {
  const auto param = uniform(size, 4), grad = uniform(size, 5), m = uniform(size, 6),
             v = uniform(size, 7, 0.01, 1);
  const double rate = 0.0625, scale = 0.5, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  Doubles nextParam, nextM, nextV;
  for (int64_t i = 0; i < size; ++i) {
    const double g = scale * grad[i] + (decoupled ? 0 : weightDecay * param[i]);
    nextM.push_back(beta1 * m[i] + (1 - beta1) * g);
    nextV.push_back(beta2 * v[i] + (1 - beta2) * g * g);
    const double denominator = std::sqrt(nextV[i] / (1 - std::pow(beta2, step))) + epsilon;
    nextParam.push_back(param[i] * (decoupled ? 1 - rate * weightDecay : 1) -
                        rate / (1 - std::pow(beta1, step)) * nextM[i] / denominator);
  }
  check("adam " + std::to_string(size),
        Case("adam")
            .attribute("beta1", beta1)
            .attribute("beta2", beta2)
            .attribute("epsilon", epsilon)
            .attribute("weightDecay", weightDecay)
            .attribute("decoupled", decoupled)
            .update({size}, param)
            .in({size}, grad)
            .update({size}, m)
            .update({size}, v)
            .in({}, {rate})
            .in({}, {static_cast<double>(step)}, DType::U32)
            .in({}, {scale}),
        {cpu::adam, functors::adam<HostWarp>}, {nextParam, nextM, nextV}, tolerance);
}

void averagesAndClippingMatchFloat64() {
  const auto state = uniform(1000, 8), x = uniform(1000, 9);
  Doubles next;
  for (size_t i = 0; i < x.size(); ++i)
    next.push_back(0.9 * state[i] + 0.1 * 1.25 * x[i]);
  check("movingAverage",
        Case("movingAverage")
            .attribute("decay", 0.9)
            .attribute("correction", 1.25)
            .update({1000}, state)
            .in({1000}, x),
        {cpu::movingAverage, functors::movingAverage<HostWarp>}, {next}, tolerance);
  for (const double total : {0.0, 1.0, 100.0, 1e8})
    check("clipScale", Case("clipScale").attribute("maximum", 5.0).in({}, {total}).out({}),
          {cpu::clipScale, functors::clipScale<HostWarp>}, {{std::min(1.0, 5 / (std::sqrt(total) + 1e-6))}},
          tolerance);
}

} // namespace

int main() {
  for (auto size : sizes) {
    sgdMatchesPyTorchsForm(size, 0, 0, false);
    sgdMatchesPyTorchsForm(size, 0.9, 0.01, false);
    sgdMatchesPyTorchsForm(size, 0.9, 0.01, true);
    adamMatchesPyTorchsForm(size, 1, 0, false);
    adamMatchesPyTorchsForm(size, 2, 0.1, false);
    adamMatchesPyTorchsForm(size, 5000, 0.1, true);
  }
  averagesAndClippingMatchFloat64();
  expectFailure(
      "store", Case("movingAverage").attribute("decay", 0.9).in({1}, {1}).in({1}, {1}).out({1}),
      cpu::movingAverage,
      "PLAN_INVALID movingAverage 'tested': state: expected one store value as input and output, got  and ");
  return finish("optimizer functors");
}
