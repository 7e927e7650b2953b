#include "operands.h"

#include <array>

using namespace dualpath;
using namespace dualpath::test;

namespace {

/// Float32 sums of up to 300 products of numbers below 1.
constexpr double tolerance = 1e-5;

struct Product {
  int64_t m, k, n;
  bool transposeA, transposeB;

  Shape a() const { return transposeA ? Shape{k, m} : Shape{m, k}; }
  Shape b() const { return transposeB ? Shape{n, k} : Shape{k, n}; }
  Attributes attributes() const {
    return Attributes({{"transposeA", transposeA}, {"transposeB", transposeB}});
  }
};

void matchesLoops(const Product &p) {
  Operand a("a", p.a()), b("b", p.b()), y("y", {p.m, p.n});
  const auto as = randoms(p.m * p.k, 1), bs = randoms(p.k * p.n, 2);
  Doubles ys(p.m * p.n);
  for (int64_t m = 0; m < p.m; ++m)
    for (int64_t n = 0; n < p.n; ++n)
      for (int64_t k = 0; k < p.k; ++k)
        ys[m * p.n + n] += static_cast<double>(as[p.transposeA ? k * p.m + m : m * p.k + k]) *
                           bs[p.transposeB ? n * p.k + k : k * p.n + n];
  a.write(as), b.write(bs);
  runNode({"matmul", "m", {&a.tensor, &b.tensor}, {&y.tensor}, p.attributes()});
  const auto text = printShape(p.a()) + " * " + printShape(p.b());
  close(text, y.read(), ys, tolerance);

  Operand bias("bias", {p.n});
  const auto cs = randoms(p.n, 3);
  bias.write(cs);
  for (const bool relu : {false, true}) {
    auto attributes = p.attributes();
    attributes.set("relu", relu);
    runNode({"matmulBias", "m", {&a.tensor, &b.tensor, &bias.tensor}, {&y.tensor}, attributes});
    close(text + " + bias", y.read(), biased(ys, cs, relu), tolerance);
  }
}

void matchAll(bool transposeA, bool transposeB) {
  for (const auto &[m, k, n] : std::vector<std::array<int64_t, 3>>{{1, 1, 1},
                                                                   {1, 7, 1},
                                                                   {5, 1, 3},
                                                                   {17, 33, 9},
                                                                   {32, 64, 48},
                                                                   {64, 300, 31},
                                                                   {2, 128, 257},
                                                                   {129, 5, 64}})
    matchesLoops({m, k, n, transposeA, transposeB});
}

void refuses() {
  Operand a("a", {2, 3}), b("b", {4, 5}), y("y", {2, 5}), vector("v", {3});
  const Attributes plain({{"transposeA", false}, {"transposeB", false}});
  equal("inner extents", failureOf([&] {
          runNode({"matmul", "head", {&a.tensor, &b.tensor}, {&y.tensor}, plain});
        }),
        "SHAPE matmul 'head': inner extent of b: expected 3, got 4");
  equal("rank", failureOf([&] {
          runNode({"matmul", "head", {&a.tensor, &vector.tensor}, {&y.tensor}, plain});
        }),
        "SHAPE matmul 'head': 'v': expected rank 2, got [3]");
}

} // namespace

int main() {
  return run({
      {"a product matches loops, bare and with bias and ReLU", [] { matchAll(false, false); }},
      {"with a transposed", [] { matchAll(true, false); }},
      {"with b transposed", [] { matchAll(false, true); }},
      {"with both transposed", [] { matchAll(true, true); }},
      {"wrong shapes are refused by name", refuses},
  });
}
