#include "../cpu/raw_product.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 1e-5; // sums of some hundred terms
constexpr int64_t block = 16;

struct Problem {
  int64_t rows, dimension, classes;
  double smoothing;
  Doubles x, w, bias, labels, dloss;

  double target(int64_t row, int64_t c) const {
    return (labels[row] == static_cast<double>(c) ? 1 - smoothing : 0) +
           smoothing / static_cast<double>(classes);
  }
  double logit(int64_t row, int64_t c) const {
    double sum = bias[c];
    for (int64_t k = 0; k < dimension; ++k)
      sum += x[row * dimension + k] * w[c * dimension + k];
    return sum;
  }
};

Problem problemOf(int64_t rows, int64_t classes, double smoothing) {
  constexpr int64_t dimension = 7;
  return {rows,
          dimension,
          classes,
          smoothing,
          uniform(rows * dimension, 1),
          uniform(classes * dimension, 2),
          uniform(classes, 3),
          integers(rows, 4, -1, classes - 1),
          uniform(rows, 5)};
}

struct Expected {
  Doubles loss, logSumExp, dx, dw, dbias;
};

Expected expectedOf(const Problem &p) {
  Expected e{Doubles(p.rows), Doubles(p.rows), Doubles(p.x.size()), Doubles(p.w.size()), Doubles(p.classes)};
  for (int64_t row = 0; row < p.rows; ++row) {
    double total = 0;
    for (int64_t c = 0; c < p.classes; ++c)
      total += std::exp(p.logit(row, c));
    e.logSumExp[row] = std::log(total);
    if (p.labels[row] < 0)
      continue;
    for (int64_t c = 0; c < p.classes; ++c) {
      const double z = p.logit(row, c);
      e.loss[row] += p.target(row, c) * (e.logSumExp[row] - z);
      const double g = p.dloss[row] * (std::exp(z - e.logSumExp[row]) - p.target(row, c));
      e.dbias[c] += g;
      for (int64_t k = 0; k < p.dimension; ++k) {
        e.dx[row * p.dimension + k] += g * p.w[c * p.dimension + k];
        e.dw[c * p.dimension + k] += g * p.x[row * p.dimension + k];
      }
    }
  }
  return e;
}

Case operands(Case tested, const Problem &p) {
  return tested.attribute("smoothing", p.smoothing)
      .attribute("block", static_cast<double>(block))
      .in({p.rows, p.dimension}, p.x)
      .in({p.classes, p.dimension}, p.w)
      .in({p.classes}, p.bias)
      .in({p.rows}, p.labels, DType::I32);
}

void matchesFloat64(int64_t rows, int64_t classes, double smoothing) {
  const auto p = problemOf(rows, classes, smoothing);
  const auto expected = expectedOf(p);
  const auto place = " of " + std::to_string(rows) + " rows and " + std::to_string(classes) + " classes";
  check("loss" + place, operands(Case("classifierCrossEntropy"), p).out({rows}).out({rows}),
        {cpu::classifierCrossEntropy, functors::classifierCrossEntropy<HostWarp, cpu::RawProduct>},
        {expected.loss, expected.logSumExp}, tolerance);
  check("gradient" + place,
        operands(Case("classifierCrossEntropyGrad").in({rows}, p.dloss), p)
            .in({rows}, expected.logSumExp)
            .out({rows, p.dimension})
            .out({classes, p.dimension})
            .out({classes}),
        {cpu::classifierCrossEntropyGrad, functors::classifierCrossEntropyGrad<HostWarp, cpu::RawProduct>},
        {expected.dx, expected.dw, expected.dbias}, tolerance);
}

void refusesWhatDoesNotFit() {
  auto p = problemOf(3, 20, 0);
  p.labels[1] = 20;
  expect(failureOf(operands(Case("classifierCrossEntropy"), p).out({3}).out({3}), cpu::classifierCrossEntropy)
                 .find("labels") != std::string::npos,
         "a label beyond the classes is refused by name");
  expectFailure("block",
                Case("classifierCrossEntropy")
                    .attribute("smoothing", 0.0)
                    .attribute("block", 24.0)
                    .in({1, 2}, {1, 2})
                    .in({3, 2}, uniform(6, 1))
                    .in({3}, uniform(3, 1))
                    .in({1}, {0}, DType::I32)
                    .out({1})
                    .out({1}),
                cpu::classifierCrossEntropy,
                "ATTRIBUTE classifierCrossEntropy 'tested': block: expected a multiple of 16, got 24");
}

} // namespace

int main() {
  for (const int64_t classes : {1, 15, 16, 17, 32, 40, 100})
    for (const double smoothing : {0.0, 0.1})
      matchesFloat64(5, classes, smoothing);
  matchesFloat64(1, 33, 0);
  matchesFloat64(40, 50, 0.1);
  refusesWhatDoesNotFit();
  return finish("classifier by blocks");
}
