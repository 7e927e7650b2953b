#include "../functors/optimizer.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 5e-7; // a handful of roundings near 1

constexpr double sumTolerance = 2e-6; // thousands of terms in another order

using Sizes = std::vector<int64_t>;

/// One tensor of a size around each boundary, a few together, and more than one launch takes.
std::vector<Sizes> groupsOfSizes() {
  std::vector<Sizes> groups;
  for (const int64_t size : {1, 15, 16, 17, 33, 1000, 4095, 4096, 4097, 40000})
    groups.push_back({size});
  groups.push_back({3, 4097, 1, 4096, 17, 9000, 1});
  groups.push_back(Sizes(functors::mostSpans, 5));
  groups.push_back(Sizes(functors::mostSpans + 1, 5));
  return groups;
}

std::string nameOf(const char *op, const Sizes &sizes) {
  return std::string(op) + " " + std::to_string(sizes.size()) + " from " + std::to_string(sizes[0]);
}

uint32_t seedOf(size_t group, uint32_t array) { return static_cast<uint32_t>(8 * group + array); }

void sgdMatchesPyTorchsForm(const Sizes &sizes, double momentum, double weightDecay, bool nesterov) {
  const double rate = 0.125, scale = 0.5;
  Case tested("sgd");
  tested.attribute("momentum", momentum)
      .attribute("weightDecay", weightDecay)
      .attribute("nesterov", nesterov)
      .in({}, {rate})
      .in({}, {scale});
  std::vector<Doubles> expected;
  for (size_t group = 0; group < sizes.size(); ++group) {
    const auto size = sizes[group];
    const auto param = uniform(size, seedOf(group, 1)), grad = uniform(size, seedOf(group, 2)),
               velocity = uniform(size, seedOf(group, 3));
    tested.update({size}, param).in({size}, grad).update({size}, velocity);
    Doubles nextParam, nextVelocity;
    for (int64_t i = 0; i < size; ++i) {
      const double g = scale * grad[i] + weightDecay * param[i], v = momentum * velocity[i] + g;
      nextVelocity.push_back(v);
      nextParam.push_back(param[i] - rate * (nesterov ? g + momentum * v : v));
    }
    expected.insert(expected.end(), {nextParam, nextVelocity});
  }
  check(nameOf("sgd", sizes), tested, {cpu::sgd, functors::sgd<HostWarp>}, expected, tolerance);
}

void adamMatchesPyTorchsForm(const Sizes &sizes, uint32_t step, double weightDecay, bool decoupled) {
  const double rate = 0.0625, scale = 0.5, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  Case tested("adam");
  tested.attribute("beta1", beta1)
      .attribute("beta2", beta2)
      .attribute("epsilon", epsilon)
      .attribute("weightDecay", weightDecay)
      .attribute("decoupled", decoupled)
      .in({}, {rate})
      .in({}, {static_cast<double>(step)}, DType::U32)
      .in({}, {scale});
  std::vector<Doubles> expected;
  for (size_t group = 0; group < sizes.size(); ++group) {
    const auto size = sizes[group];
    const auto param = uniform(size, seedOf(group, 4)), grad = uniform(size, seedOf(group, 5)),
               m = uniform(size, seedOf(group, 6)), v = uniform(size, seedOf(group, 7), 0.01, 1);
    tested.update({size}, param).in({size}, grad).update({size}, m).update({size}, v);
    Doubles nextParam, nextM, nextV;
    for (int64_t i = 0; i < size; ++i) {
      const double g = scale * grad[i] + (decoupled ? 0 : weightDecay * param[i]);
      nextM.push_back(beta1 * m[i] + (1 - beta1) * g);
      nextV.push_back(beta2 * v[i] + (1 - beta2) * g * g);
      const double denominator = std::sqrt(nextV[i] / (1 - std::pow(beta2, step))) + epsilon;
      nextParam.push_back(param[i] * (decoupled ? 1 - rate * weightDecay : 1) -
                          rate / (1 - std::pow(beta1, step)) * nextM[i] / denominator);
    }
    expected.insert(expected.end(), {nextParam, nextM, nextV});
  }
  check(nameOf("adam", sizes), tested, {cpu::adam, functors::adam<HostWarp>}, expected, tolerance);
}

void averagesMatchFloat64(const Sizes &sizes) {
  Case tested("movingAverage");
  tested.attribute("decay", 0.9).attribute("correction", 1.25);
  std::vector<Doubles> expected;
  for (size_t group = 0; group < sizes.size(); ++group) {
    const auto state = uniform(sizes[group], seedOf(group, 1)), x = uniform(sizes[group], seedOf(group, 2));
    tested.update({sizes[group]}, state).in({sizes[group]}, x);
    Doubles next;
    for (size_t i = 0; i < x.size(); ++i)
      next.push_back(0.9 * state[i] + 0.1 * 1.25 * x[i]);
    expected.push_back(next);
  }
  check(nameOf("movingAverage", sizes), tested, {cpu::movingAverage, functors::movingAverage<HostWarp>},
        expected, tolerance);
}

void squaresMatchFloat64(const Sizes &sizes, bool onWarp) {
  Case tested("sumSquares");
  double total = 0;
  for (size_t group = 0; group < sizes.size(); ++group) {
    const auto x = uniform(sizes[group], seedOf(group, 1));
    for (auto value : x)
      total += value * value;
    tested.in({sizes[group]}, x);
  }
  check(nameOf("sumSquares", sizes), tested.out({}),
        {cpu::sumSquares, onWarp ? functors::sumSquares<HostWarp> : nullptr}, {{total}}, sumTolerance);
}

void clippingMatchesFloat64() {
  for (const double total : {0.0, 1.0, 100.0, 1e8})
    check("clipScale", Case("clipScale").attribute("maximum", 5.0).in({}, {total}).out({}),
          {cpu::clipScale, functors::clipScale<HostWarp>}, {{std::min(1.0, 5 / (std::sqrt(total) + 1e-6))}},
          tolerance);
}

Case sgdOf(Shape gradient) {
  return Case("sgd")
      .attribute("momentum", 0.9)
      .attribute("weightDecay", 0.0)
      .attribute("nesterov", true)
      .in({}, {1})
      .in({}, {1})
      .update({2}, {1, 1})
      .in(std::move(gradient), {1, 1})
      .update({2}, {0, 0});
}

void groupsThatDoNotFitAreRefused() {
  expectFailure(
      "store", Case("movingAverage").attribute("decay", 0.9).in({1}, {1}).in({1}, {1}).out({1}),
      cpu::movingAverage,
      "PLAN_INVALID movingAverage 'tested': state: expected one store value as input and output, got  and ");
  expectFailure("shape", sgdOf({1, 2}), cpu::sgd, "SHAPE sgd 'tested': grad: expected [2], got [1, 2]");
  expectFailure("a part of a group", sgdOf({2}).update({2}, {1, 1}), cpu::sgd,
                "PLAN_INVALID sgd 'tested': operands: expected 2 inputs and groups of 3, got 6 inputs and 3 "
                "outputs");
}

} // namespace

int main() {
  for (const auto &sizes : groupsOfSizes()) {
    sgdMatchesPyTorchsForm(sizes, 0, 0, false);
    sgdMatchesPyTorchsForm(sizes, 0.9, 0.01, false);
    sgdMatchesPyTorchsForm(sizes, 0.9, 0.01, true);
    adamMatchesPyTorchsForm(sizes, 1, 0, false);
    adamMatchesPyTorchsForm(sizes, 2, 0.1, false);
    adamMatchesPyTorchsForm(sizes, 5000, 0.1, true);
    averagesMatchFloat64(sizes);
    squaresMatchFloat64(sizes, true);
  }
  squaresMatchFloat64({300001}, false);
  clippingMatchesFloat64();
  groupsThatDoNotFitAreRefused();
  return finish("optimizer functors");
}
