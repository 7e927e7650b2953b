#include "../functors/batch_norm.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

/// Float32 sums of up to 256 values, divided by deviations down to 0.03: two pixels may nearly agree.
constexpr double tolerance = 5e-5;
constexpr double epsilon = 1e-3;

/// Around the band of 32 channels and the parts of 16 pixels.
const Shape shapes[] = {{1, 1}, {2, 31}, {15, 32}, {16, 33}, {17, 5}, {33, 64}, {2, 3, 5, 7}, {1, 1, 40, 65}};

/// All of one case, by plain loops over (rows, channels).
struct Reference {
  Shape shape, vector;
  int64_t channels, rows;
  bool frozen, add;
  std::string activation;
  double floor, ceiling;
  Doubles x, gamma, beta, residual, dy, mean, variance, y, kept, dx, dgamma, dbeta;

  Reference(const Shape &shape, bool frozen, const std::string &activation, bool add)
      : shape(shape), vector{shape.back()}, channels(shape.back()), rows(product(shape) / channels),
        frozen(frozen), add(add), activation(activation), floor(activation == "none" ? -INFINITY : 0),
        ceiling(activation == "relu6" ? 6 : INFINITY), x(uniform(product(shape), 1, 2, 4)),
        gamma(uniform(channels, 2, -8, 8)), beta(uniform(channels, 3)), residual(uniform(product(shape), 4)),
        dy(uniform(product(shape), 5)), mean(channels), variance(channels), y(x), kept(dy), dx(dy),
        dgamma(channels), dbeta(channels) {
    statistics(), outputs(), gradients();
  }
  double normal(int64_t i) const {
    return (x[i] - mean[i % channels]) / std::sqrt(variance[i % channels] + epsilon);
  }

private:
  void statistics() {
    if (frozen) {
      mean = uniform(channels, 6, 2, 4), variance = uniform(channels, 7, 0.5, 1);
      return;
    }
    const auto count = static_cast<double>(rows);
    for (size_t i = 0; i < x.size(); ++i)
      mean[i % channels] += x[i] / count;
    for (size_t i = 0; i < x.size(); ++i)
      variance[i % channels] += std::pow(x[i] - mean[i % channels], 2) / count;
  }
  void outputs() {
    for (size_t i = 0; i < x.size(); ++i) {
      const double value = gamma[i % channels] * normal(i) + beta[i % channels] + (add ? residual[i] : 0);
      y[i] = std::clamp(value, floor, ceiling);
    }
  }
  void gradients() {
    for (size_t i = 0; i < x.size(); ++i) {
      kept[i] = y[i] <= floor || y[i] >= ceiling ? 0 : dy[i];
      dbeta[i % channels] += kept[i];
      dgamma[i % channels] += kept[i] * normal(i);
    }
    const auto count = static_cast<double>(rows);
    for (size_t i = 0; i < x.size(); ++i) {
      const auto c = i % channels;
      const double drift = frozen ? 0 : (dbeta[c] + normal(i) * dgamma[c]) / count;
      dx[i] = gamma[c] / std::sqrt(variance[c] + epsilon) * (kept[i] - drift);
    }
  }
};

Case caseOf(const std::string &op, const std::string &activation) {
  return Case(op).attribute("epsilon", epsilon).attribute("activation", activation);
}

Case gradCase(const std::string &op, const Reference &r) {
  auto tested = caseOf(op, r.activation).in(r.shape, r.dy).in(r.shape, r.x).in(r.vector, r.gamma);
  tested.in(r.vector, r.mean).in(r.vector, r.variance).in(r.shape, r.y);
  return tested.out(r.shape).out(r.vector).out(r.vector);
}

void trained(const Shape &shape, const std::string &activation) {
  const Reference r(shape, false, activation, false);
  auto forward = caseOf("batchNorm", activation).in(shape, r.x).in(r.vector, r.gamma).in(r.vector, r.beta);
  check("batchNorm " + printShape(shape), forward.out(shape).out(r.vector).out(r.vector),
        {cpu::batchNorm, functors::batchNorm<HostWarp>}, {r.y, r.mean, r.variance}, tolerance);
  check("batchNormGrad " + printShape(shape), gradCase("batchNormGrad", r),
        {cpu::batchNormGrad, functors::batchNormGrad<HostWarp>}, {r.dx, r.dgamma, r.dbeta}, tolerance);
}

void frozen(const Shape &shape, const std::string &activation) {
  const Reference r(shape, true, activation, false);
  auto forward =
      caseOf("batchNormFrozen", activation).in(shape, r.x).in(r.vector, r.gamma).in(r.vector, r.beta);
  check("batchNormFrozen " + printShape(shape),
        forward.in(r.vector, r.mean).in(r.vector, r.variance).out(shape),
        {cpu::batchNormFrozen, functors::batchNormFrozen<HostWarp>}, {r.y}, tolerance);
  check("batchNormFrozenGrad " + printShape(shape), gradCase("batchNormFrozenGrad", r),
        {cpu::batchNormFrozenGrad, functors::batchNormFrozenGrad<HostWarp>}, {r.dx, r.dgamma, r.dbeta},
        tolerance);
}

void fused(const Shape &shape) {
  const Reference r(shape, false, "relu", true);
  auto forward = caseOf("batchNormAddRelu", "relu").in(shape, r.x).in(r.vector, r.gamma).in(r.vector, r.beta);
  check("batchNormAddRelu " + printShape(shape),
        forward.in(shape, r.residual).out(shape).out(r.vector).out(r.vector),
        {cpu::batchNormAddRelu, functors::batchNormAddRelu<HostWarp>}, {r.y, r.mean, r.variance}, tolerance);
  check("batchNormAddReluGrad " + printShape(shape), gradCase("batchNormAddReluGrad", r).out(shape),
        {cpu::batchNormAddReluGrad, functors::batchNormAddReluGrad<HostWarp>},
        {r.dx, r.dgamma, r.dbeta, r.kept}, tolerance);
}

/// The sums of a channel and of its squares as a convolution adds them up: before it rounds to bf16, in f32,
/// by tiles.
Doubles plainSums(const Doubles &values, int64_t channels) {
  constexpr int64_t tile = 64;
  std::vector<float> sums(2 * channels);
  const int64_t pixels = static_cast<int64_t>(values.size()) / channels;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t begin = 0; begin < pixels; begin += tile) {
      float plain = 0, squared = 0;
      for (int64_t pixel = begin; pixel < std::min(begin + tile, pixels); ++pixel) {
        const auto value = static_cast<float>(values[pixel * channels + c]);
        plain += value, squared += value * value;
      }
      sums[c] += plain, sums[channels + c] += squared;
    }
  return {sums.begin(), sums.end()};
}

/// Channels whose means are 0 to 256 times their deviations. Rounding to bf16 adds some 2^-18 of the mean's
/// square to a variance; plain sums cost it an eighth of that at most.
void summedBefore() {
  const Doubles ratios{0, 1, 4, 16, 64, 256};
  const int64_t pixels = 1000, channels = static_cast<int64_t>(ratios.size());
  const Shape shape{pixels, channels}, vector{channels};
  auto values = uniform(pixels * channels, 8, -std::sqrt(3.0), std::sqrt(3.0));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(values[i] + ratios[i % channels]);
  Operand sums({2, channels}, DType::F32, Layout::Plain);
  sums.write(plainSums(values, channels));
  auto tested = caseOf("batchNorm", "none");
  tested.in(shape, Doubles(values.size(), NAN), DType::BF16).in(vector, Doubles(channels, 1));
  tested.in(vector, Doubles(channels, 0)).out(shape, DType::BF16).out(vector).out(vector);
  tested.node().inputs[0]->sums = &sums.tensor;
  const auto results = tested.run(functors::batchNorm<HostWarp>, 1);
  const auto &mean = results[1], &variance = results[2];
  for (int64_t c = 0; c < channels; ++c) {
    double expectedMean = 0, expectedVariance = 0;
    for (int64_t i = c; i < pixels * channels; i += channels)
      expectedMean += values[i] / pixels;
    for (int64_t i = c; i < pixels * channels; i += channels)
      expectedVariance += std::pow(values[i] - expectedMean, 2) / pixels;
    const double size = 1 + std::pow(ratios[c], 2);
    expect(std::abs(mean[c] - expectedMean) < std::sqrt(size) * 0x1p-20, "mean from sums");
    expect(std::abs(variance[c] - expectedVariance) < size * 0x1p-21, "variance from sums");
  }
}

void refusals() {
  auto tested =
      caseOf("batchNorm", "none").in({2, 3}, uniform(6, 1)).in({2}, uniform(2, 2)).in({3}, uniform(3, 3));
  tested.out({2, 3}).out({3}).out({3});
  expectFailure("gamma", tested, functors::batchNorm<HostWarp>,
                "SHAPE batchNorm 'tested': '': expected [3], got [2]");
}

} // namespace

int main() {
  for (const auto &shape : shapes) {
    for (const auto *activation : {"none", "relu", "relu6"})
      trained(shape, activation), frozen(shape, activation);
    fused(shape);
  }
  summedBefore();
  refusals();
  return finish("batch norm by functors");
}
