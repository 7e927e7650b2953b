#include "../functors/normalize.h"
#include "../functors/softmax_cross_entropy.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 3e-6; // sums of up to 1000 exponentials
constexpr double differenceTolerance = 5e-6;

const Shape shapes[] = {{1, 1}, {2, 15}, {3, 16}, {2, 17}, {5, 31}, {3, 32}, {2, 33}, {3, 1000}};

/// Mean of the target distribution's negative log likelihood, row by row; second: logSumExp.
std::vector<Doubles> crossEntropy(const Shape &shape, const Doubles &logits, const Doubles &labels,
                                  double smoothing) {
  Doubles loss, normalizers;
  const int64_t classes = shape[1];
  for (int64_t row = 0; row < shape[0]; ++row) {
    const double *z = logits.data() + row * classes;
    double highest = -INFINITY, total = 0, sum = 0;
    for (int64_t i = 0; i < classes; ++i)
      highest = std::max(highest, z[i]);
    for (int64_t i = 0; i < classes; ++i) {
      total += std::exp(z[i] - highest);
      sum += z[i];
    }
    const double normalizer = highest + std::log(total);
    const auto label = static_cast<int64_t>(labels[row]);
    normalizers.push_back(normalizer);
    loss.push_back(label < 0 ? 0
                             : normalizer - (1 - smoothing) * z[label] -
                                   smoothing * sum / static_cast<double>(classes));
  }
  return {loss, normalizers};
}

void crossEntropyMatchesFloat64(const Shape &shape, double smoothing) {
  const Shape rows = {shape[0]};
  const auto logits = uniform(product(shape), 1, -9, 12), labels = integers(shape[0], 2, -1, shape[1] - 1),
             dloss = uniform(shape[0], 3);
  const auto expected = crossEntropy(shape, logits, labels, smoothing);
  check("softmaxCrossEntropy " + printShape(shape),
        Case("softmaxCrossEntropy")
            .attribute("smoothing", smoothing)
            .in(shape, logits)
            .in(rows, labels, DType::I32)
            .out(rows)
            .out(rows),
        {cpu::softmaxCrossEntropy, functors::softmaxCrossEntropy<HostWarp>}, expected, tolerance);
  const auto gradient = differences(
      [&](const Doubles &z) { return crossEntropy(shape, z, labels, smoothing)[0]; }, logits, dloss);
  check("softmaxCrossEntropyGrad " + printShape(shape),
        Case("softmaxCrossEntropyGrad")
            .attribute("smoothing", smoothing)
            .in(rows, dloss)
            .in(shape, logits)
            .in(rows, labels, DType::I32)
            .in(rows, expected[1])
            .out(shape),
        {cpu::softmaxCrossEntropyGrad, functors::softmaxCrossEntropyGrad<HostWarp>}, {gradient},
        differenceTolerance);
}

void crossEntropySurvivesLargeLogits() {
  const Doubles logits = {1000, -1000, 0, -3e38, 3e38, 1}, labels = {0, 1};
  check("large logits",
        Case("softmaxCrossEntropy").in({2, 3}, logits).in({2}, labels, DType::I32).out({2}).out({2}),
        {cpu::softmaxCrossEntropy, functors::softmaxCrossEntropy<HostWarp>}, {{0, 0}, {1000, 3e38}},
        tolerance);
}

std::vector<Doubles> normalized(const Shape &shape, const Doubles &x, double epsilon) {
  Doubles y = x, norms;
  for (int64_t row = 0; row < shape[0]; ++row) {
    double total = epsilon;
    for (int64_t i = 0; i < shape[1]; ++i)
      total += x[row * shape[1] + i] * x[row * shape[1] + i];
    norms.push_back(std::sqrt(total));
    for (int64_t i = 0; i < shape[1]; ++i)
      y[row * shape[1] + i] /= norms.back();
  }
  return {y, norms};
}

void l2NormalizeMatchesFloat64(const Shape &shape, double epsilon) {
  const auto x = uniform(product(shape), 4), dy = uniform(product(shape), 5);
  const auto expected = normalized(shape, x, epsilon);
  check("l2Normalize " + printShape(shape),
        Case("l2Normalize").attribute("epsilon", epsilon).in(shape, x).out(shape).out({shape[0]}),
        {cpu::l2Normalize, functors::l2Normalize<HostWarp>}, expected, tolerance);
  const auto gradient =
      differences([&](const Doubles &v) { return normalized(shape, v, epsilon)[0]; }, x, dy);
  check("l2NormalizeGrad " + printShape(shape),
        Case("l2NormalizeGrad").in(shape, dy).in(shape, expected[0]).in({shape[0]}, expected[1]).out(shape),
        {cpu::l2NormalizeGrad, functors::l2NormalizeGrad<HostWarp>}, {gradient}, 4 * differenceTolerance);
}

} // namespace

int main() {
  for (const auto &shape : shapes) {
    crossEntropyMatchesFloat64(shape, 0);
    crossEntropyMatchesFloat64(shape, 0.1);
    l2NormalizeMatchesFloat64(shape, 1e-2);
  }
  crossEntropySurvivesLargeLogits();
  expectFailure(
      "label",
      Case("softmaxCrossEntropy").in({2, 3}, uniform(6, 1)).in({2}, {0, 3}, DType::I32).out({2}).out({2}),
      cpu::softmaxCrossEntropy, "FEED softmaxCrossEntropy 'tested': labels[1]: expected -1..2, got 3");
  return finish("row functors");
}
