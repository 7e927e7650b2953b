#include "../functors/image.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 3e-5; // positions are computed in float: values up to 255 per pixel of position

struct Sampled {
  int64_t low, high;
  double weight;
};

Sampled sample(int64_t index, int64_t outputs, double start, double length, int64_t extent) {
  const double at = start + (static_cast<double>(index) + 0.5) * length / static_cast<double>(outputs) - 0.5;
  const double inside = std::min(std::max(at, 0.0), static_cast<double>(extent - 1));
  const auto low = static_cast<int64_t>(inside);
  return {low, std::min(low + 1, extent - 1), inside - static_cast<double>(low)};
}

void cropResizeMatchesFloat64(const Shape &image, int64_t height, int64_t width, const Doubles &box) {
  const auto pixels = integers(product(image), 1, 0, 255);
  const Doubles mean = {120, 110, 100}, scale = {0.0125, 0.03125, 0.0625};
  Doubles expected;
  for (int64_t i = 0; i < image[0] * height * width * 3; ++i) {
    const int64_t c = i % 3, column = i / 3 % width, row = i / 3 / width % height, n = i / 3 / width / height;
    const double *b = box.data() + 5 * n;
    const auto y = sample(row, height, b[0], b[2], image[1]);
    const auto x = sample(b[4] != 0 ? width - 1 - column : column, width, b[1], b[3], image[2]);
    const auto at = [&](int64_t h, int64_t w) { return pixels[((n * image[1] + h) * image[2] + w) * 3 + c]; };
    const double above = at(y.low, x.low) * (1 - x.weight) + at(y.low, x.high) * x.weight;
    const double below = at(y.high, x.low) * (1 - x.weight) + at(y.high, x.high) * x.weight;
    expected.push_back((above * (1 - y.weight) + below * y.weight - mean[c]) * scale[c]);
  }
  check("cropResize " + printShape(image),
        Case("cropResize")
            .attribute("size", Doubles{static_cast<double>(height), static_cast<double>(width)})
            .attribute("mean", mean)
            .attribute("scale", scale)
            .in(image, pixels, DType::U8)
            .in({image[0], 5}, box)
            .out({image[0], height, width, 3}),
        {cpu::cropResize, functors::cropResize<HostWarp>}, {expected}, tolerance);
}

void identityBoxKeepsPixels() {
  const auto pixels = integers(5 * 7 * 3, 2, 0, 255);
  check("identity",
        Case("cropResize")
            .attribute("size", Doubles{5, 7})
            .attribute("mean", Doubles{0, 0, 0})
            .attribute("scale", Doubles{1, 1, 1})
            .in({1, 5, 7, 3}, pixels, DType::U8)
            .in({1, 5}, {0, 0, 5, 7, 0})
            .out({1, 5, 7, 3}),
        {cpu::cropResize, functors::cropResize<HostWarp>}, {pixels}, 0);
}

} // namespace

int main() {
  cropResizeMatchesFloat64({1, 1, 1, 3}, 3, 3, {0, 0, 1, 1, 0});
  cropResizeMatchesFloat64({2, 9, 12, 3}, 5, 17, {1.25, 2.5, 6, 8.75, 0, 0, 0, 9, 12, 1});
  cropResizeMatchesFloat64({2, 40, 33, 3}, 16, 16, {-3, -5, 60, 50, 1, 39, 32, 4, 4, 0});
  cropResizeMatchesFloat64({1, 3, 4, 3}, 31, 33, {0, 0, 3, 4, 1});
  identityBoxKeepsPixels();
  return finish("image functors");
}
