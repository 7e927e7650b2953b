#include "../functors/reduce.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 3e-5; // up to 300,000 terms near 1, some of whose sums cancel

/// For every element the position of its result.
std::vector<int64_t> results(const Shape &shape, const std::vector<int64_t> &axes) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < product(shape); ++i) {
    int64_t rest = i, position = 0, stride = 1;
    for (auto axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0; --axis) {
      const int64_t index = rest % shape[axis];
      rest /= shape[axis];
      if (std::count(axes.begin(), axes.end(), axis))
        continue;
      position += index * stride;
      stride *= shape[axis];
    }
    positions.push_back(position);
  }
  return positions;
}

Shape kept(const Shape &shape, const std::vector<int64_t> &axes, bool keepDims) {
  Shape result;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (!std::count(axes.begin(), axes.end(), static_cast<int64_t>(axis)))
      result.push_back(shape[axis]);
    else if (keepDims)
      result.push_back(1);
  return result;
}

void reductionsMatchFloat64(const Shape &shape, const std::vector<int64_t> &axes, bool keepDims,
                            bool onWarp) {
  const auto to = results(shape, axes);
  const auto y = kept(shape, axes, keepDims);
  const auto x = uniform(product(shape), 1), whole = integers(product(shape), 2, -4, 4);
  Doubles total(product(y)), highest(total.size(), -INFINITY), ties(total.size()), mean, dx;
  for (size_t i = 0; i < to.size(); ++i) {
    total[to[i]] += x[i];
    highest[to[i]] = std::max(highest[to[i]], whole[i]);
  }
  for (auto value : total)
    mean.push_back(value * static_cast<double>(total.size()) / static_cast<double>(x.size()));
  for (size_t i = 0; i < to.size(); ++i)
    ties[to[i]] += whole[i] == highest[to[i]];
  const auto dy = uniform(product(y), 3);
  for (size_t i = 0; i < to.size(); ++i)
    dx.push_back(whole[i] == highest[to[i]] ? dy[to[i]] / ties[to[i]] : 0);

  const auto reduction = [&](const char *op) {
    Case tested(op);
    tested.attribute("axes", Doubles(axes.begin(), axes.end())).attribute("keepDims", keepDims);
    return tested;
  };
  const auto place = " " + printShape(shape) + printShape(axes);
  const auto warp = [&](Prepare prepare) { return onWarp ? prepare : nullptr; };
  check("sum" + place, reduction("sum").in(shape, x).out(y), {cpu::sum, warp(functors::sum<HostWarp>)},
        {total}, tolerance);
  check("mean" + place, reduction("mean").in(shape, x).out(y), {cpu::mean, warp(functors::mean<HostWarp>)},
        {mean}, tolerance);
  check("max" + place, reduction("max").in(shape, whole).out(y), {cpu::max, warp(functors::max<HostWarp>)},
        {highest}, 0);
  check("maxGrad" + place, reduction("maxGrad").in(y, dy).in(shape, whole).in(y, highest).out(shape),
        {cpu::maxGrad, warp(functors::maxGrad<HostWarp>)}, {dx}, tolerance);
}

} // namespace

int main() {
  const Shape four = {3, 5, 4, 7};
  const std::vector<std::vector<int64_t>> subsets = {{},     {0},       {1},       {2},         {3},
                                                     {0, 1}, {1, 2},    {2, 3},    {0, 2},      {1, 3},
                                                     {0, 3}, {0, 1, 3}, {0, 2, 3}, {0, 1, 2, 3}};
  for (const auto &axes : subsets)
    reductionsMatchFloat64(four, axes, axes.size() % 2 == 0, true);
  for (int64_t size : {1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1000})
    reductionsMatchFloat64({size}, {0}, false, true);
  reductionsMatchFloat64({33, 17}, {1}, true, true);
  reductionsMatchFloat64({1, 8, 1, 33}, {1}, false, true);
  for (int64_t size : {8191, 65537, 300000})
    reductionsMatchFloat64({size}, {0}, false, false);
  reductionsMatchFloat64({5000, 33}, {0}, false, false);
  reductionsMatchFloat64({3, 5000, 5}, {1}, false, false);
  expectFailure("axes", Case("sum").attribute("axes", Doubles{2}).in({2, 3}, uniform(6, 1)).out({2, 3}),
                cpu::sum, "ATTRIBUTE sum 'tested': axes: expected axes of [2, 3], got [2]");
  return finish("reduction functors");
}
