#include "operands.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

/// Winograd's float32 transforms lose a few bits more than direct sums of at most some thousand products.
constexpr double tolerance = 2e-5;

struct Geometry {
  int64_t images, height, width, inputs, outputs, kernelHeight, kernelWidth;
  Shape stride{1, 1}, pad{0, 0, 0, 0}, dilation{1, 1};
  int64_t groups = 1;

  int64_t extent(int axis) const {
    const auto size = axis == 0 ? height : width, kernel = axis == 0 ? kernelHeight : kernelWidth;
    return (size + pad[2 * axis] + pad[2 * axis + 1] - dilation[axis] * (kernel - 1) - 1) / stride[axis] + 1;
  }
  Shape x() const { return {images, height, width, inputs}; }
  Shape w() const { return {outputs, inputs / groups, kernelHeight, kernelWidth}; }
  Shape y() const { return {images, extent(0), extent(1), outputs}; }
  std::string text() const { return printShape(x()) + " * " + printShape(w()); }
};

/// Calls visit(x index, w index, y index) for every product of the convolution.
template <class Visit> void eachProduct(const Geometry &g, Visit visit) {
  const auto inputs = g.inputs / g.groups, outputs = g.outputs / g.groups;
  for (int64_t n = 0; n < g.images; ++n)
    for (int64_t oy = 0; oy < g.extent(0); ++oy)
      for (int64_t ox = 0; ox < g.extent(1); ++ox)
        for (int64_t ky = 0; ky < g.kernelHeight; ++ky)
          for (int64_t kx = 0; kx < g.kernelWidth; ++kx) {
            const auto iy = oy * g.stride[0] + ky * g.dilation[0] - g.pad[0];
            const auto ix = ox * g.stride[1] + kx * g.dilation[1] - g.pad[2];
            if (iy < 0 || iy >= g.height || ix < 0 || ix >= g.width)
              continue;
            for (int64_t o = 0; o < g.outputs; ++o)
              for (int64_t i = 0; i < inputs; ++i)
                visit(((n * g.height + iy) * g.width + ix) * g.inputs + o / outputs * inputs + i,
                      ((o * inputs + i) * g.kernelHeight + ky) * g.kernelWidth + kx,
                      ((n * g.extent(0) + oy) * g.extent(1) + ox) * g.outputs + o);
          }
}

Attributes attributesOf(const Geometry &g) {
  const auto list = [](const Shape &shape) { return std::vector<double>(shape.begin(), shape.end()); };
  return Attributes({{"stride", list(g.stride)},
                     {"pad", list(g.pad)},
                     {"dilation", list(g.dilation)},
                     {"groups", static_cast<double>(g.groups)},
                     {"inputShape", list(g.x())},
                     {"weightShape", list(g.w())}});
}

Layout blockedWhere(int64_t channels, Layout layout) { return channels % 16 == 0 ? layout : Layout::Plain; }

/// With bias and ReLU in the same node, which the way that computes the convolution has to do itself.
void matchesBiased(const Geometry &g, Operand &x, Operand &w, Operand &y, const Doubles &ys) {
  Operand bias("bias", {g.outputs});
  const auto bs = randoms(g.outputs, 4);
  bias.write(bs);
  for (const bool relu : {false, true}) {
    auto attributes = attributesOf(g);
    attributes.set("relu", relu);
    const auto kernel =
        runNode({"conv2dBias", "c", {&x.tensor, &w.tensor, &bias.tensor}, {&y.tensor}, attributes});
    close(g.text() + " biased y", y.read(), biased(ys, bs, relu), tolerance);
    expect(kernel.find(relu ? " with bias and ReLU" : " with bias") != kernel.npos,
           kernel + " says what it does beside the convolution of " + g.text());
  }
}

void matchesLoops(const Geometry &g, Layout xLayout, Layout yLayout) {
  Operand x("x", g.x(), blockedWhere(g.inputs, xLayout)), w("w", g.w());
  Operand y("y", g.y(), blockedWhere(g.outputs, yLayout));
  const auto xs = randoms(product(g.x()), 1), ws = randoms(product(g.w()), 2),
             dys = randoms(product(g.y()), 3);
  Doubles ys(dys.size()), dxs(xs.size()), dws(ws.size());
  eachProduct(g, [&](int64_t xi, int64_t wi, int64_t yi) {
    ys[yi] += static_cast<double>(xs[xi]) * ws[wi];
    dxs[xi] += static_cast<double>(dys[yi]) * ws[wi];
    dws[wi] += static_cast<double>(dys[yi]) * xs[xi];
  });

  x.write(xs), w.write(ws);
  runNode({"conv2d", "c", {&x.tensor, &w.tensor}, {&y.tensor}, attributesOf(g)});
  close(g.text() + " y", y.read(), ys, tolerance);
  matchesBiased(g, x, w, y, ys);

  Operand dx("dx", g.x(), x.tensor.layout), dw("dw", g.w());
  y.write(dys);
  runNode({"conv2dGradX", "c", {&y.tensor, &w.tensor}, {&dx.tensor}, attributesOf(g)});
  close(g.text() + " dx", dx.read(), dxs, tolerance);
  runNode({"conv2dGradW", "c", {&x.tensor, &y.tensor}, {&dw.tensor}, attributesOf(g)});
  close(g.text() + " dw", dw.read(), dws, tolerance);
}

const std::vector<Geometry> &geometries() {
  static const std::vector<Geometry> list{
      {2, 8, 8, 16, 32, 3, 3, {1, 1}, {1, 1, 1, 1}},
      {2, 9, 7, 32, 16, 3, 3, {2, 2}, {1, 1, 1, 1}},
      {3, 7, 7, 64, 64, 3, 3, {1, 1}, {1, 1, 1, 1}},
      {2, 16, 16, 3, 16, 3, 3, {1, 1}, {1, 1, 1, 1}},
      {1, 23, 21, 3, 32, 7, 7, {2, 2}, {3, 3, 3, 3}},
      {2, 6, 6, 48, 16, 1, 1},
      {2, 6, 6, 16, 48, 1, 1, {2, 2}},
      {2, 5, 6, 7, 5, 3, 3, {1, 1}, {1, 1, 1, 1}},
      {2, 5, 6, 20, 33, 3, 2, {1, 1}, {1, 0, 0, 1}},
      {3, 1, 12, 30, 16, 1, 2, {1, 1}, {0, 0, 0, 1}},
      {3, 1, 12, 16, 16, 1, 2, {1, 1}, {0, 0, 1, 0}},
      {2, 1, 12, 32, 64, 1, 2, {1, 2}, {0, 0, 0, 1}},
      {2, 9, 9, 16, 16, 3, 3, {1, 1}, {2, 2, 2, 2}, {2, 2}},
      {1, 10, 9, 16, 32, 3, 3, {1, 1}, {0, 3, 1, 2}},
      {2, 8, 8, 32, 32, 3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}, 32},
      {2, 8, 8, 32, 64, 3, 3, {2, 2}, {1, 1, 1, 1}, {1, 1}, 2},
      {2, 6, 6, 12, 8, 3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}, 4},
      {1, 4, 4, 1, 1, 2, 2},
      {5, 2, 2, 32, 48, 3, 3, {1, 1}, {1, 1, 1, 1}},
      {2, 13, 10, 40, 32, 3, 3, {1, 1}, {0, 2, 1, 0}},
      {6, 1, 200, 512, 16, 1, 2, {1, 1}, {0, 0, 0, 1}}, // more patches than are gathered at once; padded rows
      {3, 1, 9, 32, 48, 1, 1},                          // pixels are the patches
      {3, 1, 9, 32, 48, 1, 1, {1, 2}},
      {2, 1, 5, 1024, 16, 1, 1},
      {2, 11, 9, 256, 272, 3, 3, {2, 2}, {1, 1, 1, 1}}, // strided, with more weights than a cache holds
  };
  return list;
}

void matchAll(Layout x, Layout y) {
  for (const auto &geometry : geometries())
    matchesLoops(geometry, x, y);
}

void repeats() {
  const Geometry g{4, 14, 14, 64, 64, 3, 3, {1, 1}, {1, 1, 1, 1}};
  const auto layout = backend().imageLayout();
  Operand x("x", g.x(), layout), dy("dy", g.y(), layout), first("dw", g.w()), second("dw", g.w());
  x.write(randoms(product(g.x()), 1)), dy.write(randoms(product(g.y()), 2));
  runNode({"conv2dGradW", "c", {&x.tensor, &dy.tensor}, {&first.tensor}, attributesOf(g)});
  runNode({"conv2dGradW", "c", {&x.tensor, &dy.tensor}, {&second.tensor}, attributesOf(g)});
  equal("second run", second.read(), first.read());
}

std::string failureFor(const Geometry &g, const Shape &yShape, const Attributes &attributes) {
  Operand x("x", g.x()), w("w", g.w()), y("y", yShape);
  return failureOf([&] {
    runNode({"conv2d", "image.stem", {&x.tensor, &w.tensor}, {&y.tensor}, attributes});
  });
}

void refuses() {
  const Geometry g{1, 4, 4, 3, 8, 3, 3};
  equal("output shape", failureFor(g, {1, 4, 4, 8}, attributesOf(g)),
        "SHAPE conv2d 'image.stem': y: expected [1, 2, 2, 8], got [1, 4, 4, 8]");
  auto attributes = attributesOf(g);
  attributes.set("groups", 2.0);
  equal("groups", failureFor(g, g.y(), attributes),
        "ATTRIBUTE conv2d 'image.stem': groups: expected a divisor of 3 and 8, got 2");
  attributes.set("groups", 1.0);
  attributes.set("stride", std::vector<double>{0, 1});
  expect(failureFor(g, g.y(), attributes).find("ATTRIBUTE conv2d 'image.stem': stride") == 0,
         "stride 0 is refused");
}

} // namespace

int main() {
  return run({
      {"convolution and its gradients match loops in plain layout",
       [] { matchAll(Layout::Plain, Layout::Plain); }},
      {"and in blocks of 8", [] { matchAll(Layout::Blocked8, Layout::Blocked8); }},
      {"and in blocks of 16", [] { matchAll(Layout::Blocked16, Layout::Blocked16); }},
      {"and from plain images to blocked ones", [] { matchAll(Layout::Plain, Layout::Blocked16); }},
      {"and from blocked images to plain ones", [] { matchAll(Layout::Blocked8, Layout::Plain); }},
      {"and with more Winograd tiles than are transformed at once",
       [] {
         matchesLoops({1, 84, 80, 64, 64, 3, 3, {1, 1}, {1, 1, 1, 1}}, Layout::Blocked8, Layout::Blocked8);
       }},
      {"the weight gradient has the same bits every time", repeats},
      {"wrong shapes, groups and strides are refused by name", refuses},
  });
}
