#include "../functors/global_pooling.h"
#include "../functors/pooling.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 2e-6; // sums of up to a thousand terms near 1
constexpr double differenceTolerance = 1e-5;

struct Geometry {
  Shape input;
  int64_t window, stride;
  std::vector<double> pad;
};

const Geometry geometries[] = {
    {{1, 1, 1, 1}, 1, 1, {0, 0, 0, 0}},   {{2, 7, 9, 3}, 3, 2, {1, 1, 1, 1}},
    {{1, 6, 5, 16}, 2, 2, {0, 0, 0, 0}},  {{2, 8, 8, 32}, 3, 2, {1, 1, 1, 1}},
    {{1, 5, 33, 17}, 3, 1, {2, 0, 1, 2}}, {{1, 6, 7, 32}, 5, 3, {2, 2, 2, 2}},
    {{1, 5, 3, 16}, 3, 2, {1, 1, 1, 1}},
};

int64_t outputs(int64_t extent, const Geometry &g, int side) {
  return (extent + static_cast<int64_t>(g.pad[side] + g.pad[side + 1]) - g.window) / g.stride + 1;
}

Shape pooled(const Geometry &g) {
  return {g.input[0], outputs(g.input[1], g, 0), outputs(g.input[2], g, 2), g.input[3]};
}

/// Calls visit(output, input) over all windows, row by row.
void visitWindows(const Geometry &g, const std::function<void(int64_t, int64_t)> &visit) {
  const auto out = pooled(g);
  const auto &in = g.input;
  for (int64_t y = 0; y < product(out); ++y) {
    const int64_t c = y % in[3], wo = y / in[3] % out[2], ho = y / in[3] / out[2] % out[1],
                  n = y / in[3] / out[2] / out[1];
    for (int64_t tap = 0; tap < g.window * g.window; ++tap) {
      const int64_t h = ho * g.stride - static_cast<int64_t>(g.pad[0]) + tap / g.window,
                    w = wo * g.stride - static_cast<int64_t>(g.pad[2]) + tap % g.window;
      if (h >= 0 && h < in[1] && w >= 0 && w < in[2])
        visit(y, ((n * in[1] + h) * in[2] + w) * in[3] + c);
    }
  }
}

std::vector<Doubles> maxReference(const Geometry &g, const Doubles &x) {
  Doubles y(product(pooled(g)), -INFINITY), argmax(y.size(), -1);
  visitWindows(g, [&](int64_t to, int64_t from) {
    if (x[from] > y[to]) {
      y[to] = x[from];
      argmax[to] = static_cast<double>(from / g.input[3] % (g.input[1] * g.input[2]));
    }
  });
  return {y, argmax};
}

Doubles averageReference(const Geometry &g, const Doubles &x, bool countPad) {
  Doubles y(product(pooled(g))), counts(y.size());
  visitWindows(g, [&](int64_t to, int64_t from) {
    y[to] += x[from];
    counts[to] += 1;
  });
  for (size_t i = 0; i < y.size(); ++i)
    y[i] /= countPad ? static_cast<double>(g.window * g.window) : counts[i];
  return y;
}

Case pooling(const char *op, const Geometry &g, Layout layout) {
  Case tested(op, layout);
  const auto window = static_cast<double>(g.window), stride = static_cast<double>(g.stride);
  tested.attribute("window", Doubles{window, window})
      .attribute("stride", Doubles{stride, stride})
      .attribute("pad", g.pad);
  tested.attribute("inputShape", Doubles(g.input.begin(), g.input.end()));
  return tested;
}

void maxPoolPicksTheFirstMaximum(const Geometry &g, Layout layout) {
  const auto x = integers(product(g.input), 1, -3, 3); // many ties
  const auto expected = maxReference(g, x);
  check("maxPool", pooling("maxPool", g, layout).in(g.input, x).out(pooled(g)).out(pooled(g), DType::I32),
        {cpu::maxPool, functors::maxPool<HostWarp>}, expected, 0);
  const auto dy = uniform(product(pooled(g)), 2);
  Doubles dx(x.size());
  const int64_t plane = g.input[1] * g.input[2], channels = g.input[3],
                perImage = product(pooled(g)) / g.input[0];
  for (size_t i = 0; i < dy.size(); ++i)
    dx[(i / perImage * plane + static_cast<int64_t>(expected[1][i])) * channels + i % channels] += dy[i];
  check(
      "maxPoolGrad",
      pooling("maxPoolGrad", g, layout).in(pooled(g), dy).in(pooled(g), expected[1], DType::I32).out(g.input),
      {cpu::maxPoolGrad, functors::maxPoolGrad<HostWarp>}, {dx}, tolerance);
}

void averagePoolMatchesFloat64(const Geometry &g, Layout layout, bool countPad) {
  const auto x = uniform(product(g.input), 3), dy = uniform(product(pooled(g)), 4);
  const auto f = [&](const Doubles &values) { return averageReference(g, values, countPad); };
  check("averagePool",
        pooling("averagePool", g, layout).attribute("countPad", countPad).in(g.input, x).out(pooled(g)),
        {cpu::averagePool, functors::averagePool<HostWarp>}, {f(x)}, tolerance);
  if (x.size() > 600) // differences cost a forward pass per element
    return;
  check("averagePoolGrad",
        pooling("averagePoolGrad", g, layout).attribute("countPad", countPad).in(pooled(g), dy).out(g.input),
        {cpu::averagePoolGrad, functors::averagePoolGrad<HostWarp>}, {differences(f, x, dy)},
        differenceTolerance);
}

void globalPoolsMatchFloat64(const Shape &shape, Layout layout) {
  const int64_t positions = shape[1] * shape[2], channels = shape[3];
  const auto x = integers(product(shape), 5, -5, 5), dy = uniform(shape[0] * channels, 6);
  Doubles mean(dy.size()), highest(dy.size(), -INFINITY), argmax(dy.size()), spread(x.size()),
      routed(x.size());
  const auto at = [&](int64_t n, int64_t p, int64_t c) { return (n * positions + p) * channels + c; };
  for (int64_t i = 0; i < shape[0] * channels; ++i) {
    const int64_t n = i / channels, c = i % channels;
    for (int64_t p = 0; p < positions; ++p) {
      mean[i] += x[at(n, p, c)] / static_cast<double>(positions);
      spread[at(n, p, c)] = dy[i] / static_cast<double>(positions);
      if (x[at(n, p, c)] > highest[i]) {
        highest[i] = x[at(n, p, c)];
        argmax[i] = static_cast<double>(p);
      }
    }
    routed[at(n, static_cast<int64_t>(argmax[i]), c)] = dy[i];
  }
  const Shape flat = {shape[0], channels};
  const Doubles inputShape(shape.begin(), shape.end());
  check("globalAveragePool", Case("globalAveragePool", layout).in(shape, x).out(flat),
        {cpu::globalAveragePool, functors::globalAveragePool<HostWarp>}, {mean}, tolerance);
  check("globalAveragePoolGrad",
        Case("globalAveragePoolGrad", layout).attribute("inputShape", inputShape).in(flat, dy).out(shape),
        {cpu::globalAveragePoolGrad, functors::globalAveragePoolGrad<HostWarp>}, {spread}, tolerance);
  check("globalMaxPool", Case("globalMaxPool", layout).in(shape, x).out(flat).out(flat, DType::I32),
        {cpu::globalMaxPool, functors::globalMaxPool<HostWarp>}, {highest, argmax}, 0);
  check("globalMaxPoolGrad",
        Case("globalMaxPoolGrad", layout)
            .attribute("inputShape", inputShape)
            .in(flat, dy)
            .in(flat, argmax, DType::I32)
            .out(shape),
        {cpu::globalMaxPoolGrad, functors::globalMaxPoolGrad<HostWarp>}, {routed}, 0);
}

void badGeometryIsNamed() {
  const Geometry wide = {{1, 4, 4, 1}, 2, 2, {2, 0, 0, 0}};
  expectFailure("pad",
                pooling("maxPool", wide, Layout::Plain)
                    .in(wide.input, uniform(16, 1))
                    .out({1, 3, 2, 1})
                    .out({1, 3, 2, 1}, DType::I32),
                cpu::maxPool,
                "ATTRIBUTE maxPool 'tested': pad: expected each side at least 0 and below the window [2, 2], "
                "got [2, 0, 0, 0]");
  const Geometry plain = {{1, 4, 4, 1}, 2, 2, {0, 0, 0, 0}};
  expectFailure(
      "shape", pooling("averagePool", plain, Layout::Plain).in(plain.input, uniform(16, 1)).out({1, 3, 2, 1}),
      cpu::averagePool, "SHAPE averagePool 'tested': y: expected [1, 2, 2, 1], got [1, 3, 2, 1]");
}

} // namespace

int main() {
  for (const auto layout : {Layout::Plain, Layout::Blocked8, Layout::Blocked16}) {
    for (const auto &geometry : geometries) {
      maxPoolPicksTheFirstMaximum(geometry, layout);
      averagePoolMatchesFloat64(geometry, layout, false);
      averagePoolMatchesFloat64(geometry, layout, true);
    }
    for (const Shape &shape :
         {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 16}, Shape{2, 1, 31, 33}, Shape{3, 7, 7, 64}})
      globalPoolsMatchFloat64(shape, layout);
  }
  badGeometryIsNamed();
  return finish("pooling functors");
}
