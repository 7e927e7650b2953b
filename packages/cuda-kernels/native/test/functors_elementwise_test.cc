#include "../functors/elementwise.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

// float32 rounding of a handful of operations, and one or two ulp of the polynomials
constexpr double tolerance = 5e-7;
constexpr double gradientTolerance = 2e-6;

const int64_t sizes[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 1000, 40000};

struct Row {
  const char *op;
  Backends backends;
  double (*f)(double);
  double low, high;
};

const Row unaryRows[] = {
    {"relu", {cpu::relu, functors::relu<HostWarp>}, [](double x) { return x > 0 ? x : 0; }, -2, 2},
    {"relu6",
     {cpu::relu6, functors::relu6<HostWarp>},
     [](double x) { return std::min(6.0, std::max(0.0, x)); },
     -4,
     9},
    {"exp", {cpu::exp, functors::exp<HostWarp>}, [](double x) { return std::exp(x); }, -30, 20},
    {"log", {cpu::log, functors::log<HostWarp>}, [](double x) { return std::log(x); }, 1e-6, 50},
    {"sqrt", {cpu::sqrt, functors::sqrt<HostWarp>}, [](double x) { return std::sqrt(x); }, 0, 9},
    {"square", {cpu::square, functors::square<HostWarp>}, [](double x) { return x * x; }, -3, 3},
    {"softplus",
     {cpu::softplus, functors::softplus<HostWarp>},
     [](double x) { return std::log1p(std::exp(x)); },
     -40,
     40},
};

struct GradientRow {
  const char *op;
  Backends backends;
  double (*f)(double);
  bool savesOutput;
  double low, high;
};

const GradientRow gradientRows[] = {
    {"reluGrad", {cpu::reluGrad, functors::reluGrad<HostWarp>}, unaryRows[0].f, true, -2, 2},
    {"relu6Grad", {cpu::relu6Grad, functors::relu6Grad<HostWarp>}, unaryRows[1].f, true, -4, 9},
    {"sqrtGrad", {cpu::sqrtGrad, functors::sqrtGrad<HostWarp>}, unaryRows[4].f, true, 0.1, 9},
    {"softplusGrad", {cpu::softplusGrad, functors::softplusGrad<HostWarp>}, unaryRows[6].f, false, -20, 20},
};

Doubles mapped(const Doubles &x, double (*f)(double)) {
  Doubles y;
  for (auto value : x)
    y.push_back(f(value));
  return y;
}

void unaryOpsMatchFloat64() {
  for (const auto &row : unaryRows)
    for (auto size : sizes) {
      const auto x = uniform(size, 1, row.low, row.high);
      check(row.op, Case(row.op).in({size}, x).out({size}), row.backends, {mapped(x, row.f)}, tolerance);
    }
}

void gradientsMatchDifferences() {
  for (const auto &row : gradientRows)
    for (auto size : sizes) {
      const auto x = uniform(size, 2, row.low, row.high), dy = uniform(size, 3);
      Doubles expected, saved = x;
      for (size_t i = 0; i < x.size(); ++i) {
        expected.push_back(dy[i] * (row.f(x[i] + 1e-6) - row.f(x[i] - 1e-6)) / 2e-6);
        saved[i] = row.savesOutput ? static_cast<float>(row.f(x[i])) : x[i];
      }
      check(row.op, Case(row.op).in({size}, dy).in({size}, saved).out({size}), row.backends, {expected},
            gradientTolerance);
    }
}

void scaleAndAffineMatchFloat64() {
  const auto x = uniform(1000, 4);
  Doubles scaled, shifted;
  for (auto value : x) {
    scaled.push_back(value * 0.75);
    shifted.push_back(0.5 * value - 3);
  }
  check("scale", Case("scale").in({10, 100}, x).in({}, {0.75}).out({10, 100}),
        {cpu::scale, functors::scale<HostWarp>}, {scaled}, tolerance);
  check("affine", Case("affine").attribute("multiply", 0.5).attribute("add", -3.0).in({1000}, x).out({1000}),
        {cpu::affine, functors::affine<HostWarp>}, {shifted}, tolerance);
}

void edgesOfTheRangeAreExact() {
  const double infinity = INFINITY, nan = NAN;
  const Doubles x = {infinity, -infinity, nan, 89, 88.5, -87, -100, -104, 0, -0.0};
  check("exp at the edges", Case("exp").in({10}, x).out({10}), {cpu::exp, functors::exp<HostWarp>},
        {{infinity, 0, nan, infinity, std::exp(88.5), std::exp(-87), std::exp(-100), 0, 1, 1}}, tolerance);
  check("log at the edges", Case("log").in({6}, {infinity, 0, -1, nan, 1e-40, 1}).out({6}),
        {cpu::log, functors::log<HostWarp>},
        {{infinity, -infinity, nan, nan, std::log(static_cast<double>(1e-40f)), 0}}, tolerance);
  check("relu lets NaN through", Case("relu").in({3}, {nan, -infinity, infinity}).out({3}),
        {cpu::relu, functors::relu<HostWarp>}, {{nan, 0, infinity}}, 0);
}

void expIsWithinTwoUlp() {
  double worst = 0;
  for (float x = -87; x < 88.5f; x += 0.00137f) {
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(math::exp(x) - exact) / exact);
  }
  expect(worst < 1.3e-7, "exp: relative error " + std::to_string(worst * 1e7) + "e-7 below 1.3e-7");
}

void blockedOperandsAreElementwiseToo() {
  const Shape shape = {2, 3, 5, 32};
  const auto x = uniform(product(shape), 5);
  Case tested("relu", Layout::Blocked16);
  check("relu blocked", tested.in(shape, x).out(shape), {cpu::relu, functors::relu<HostWarp>},
        {mapped(x, unaryRows[0].f)}, 0);
}

void badOperandsAreNamed() {
  expectFailure("shape", Case("relu").in({3}, {1, 2, 3}).out({4}), cpu::relu,
                "SHAPE relu 'tested': y: expected [3], got [4]");
  expectFailure("dtype", Case("reluGrad").in({2}, {1, 2}).in({2}, {1, 2}, DType::I32).out({2}), cpu::reluGrad,
                "DTYPE reluGrad 'tested': y: expected f32, got i32");
  expectFailure("missing", Case("reluGrad").in({2}, {1, 2}).out({2}), cpu::reluGrad,
                "PLAN_INVALID reluGrad 'tested': y: expected a value, got nothing");
}

} // namespace

int main() {
  unaryOpsMatchFloat64();
  gradientsMatchDifferences();
  scaleAndAffineMatchFloat64();
  edgesOfTheRangeAreExact();
  expIsWithinTwoUlp();
  blockedOperandsAreElementwiseToo();
  badOperandsAreNamed();
  return finish("elementwise functors");
}
