#include "../functors/bias.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 2e-6;    // one addition
constexpr double sumTolerance = 3e-5; // sums of up to 40,000 terms near 1, relative to a sum near 100

void biasMatchesFloat64(const Shape &shape, Layout layout, bool onWarp) {
  const int64_t channels = shape.back();
  const auto x = uniform(product(shape), 1), b = uniform(channels, 2);
  Doubles y = x, db(channels);
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] += b[i % channels];
    db[i % channels] += x[i];
  }
  check("biasAdd " + printShape(shape), Case("biasAdd", layout).in(shape, x).in({channels}, b).out(shape),
        {cpu::biasAdd, onWarp ? functors::biasAdd<HostWarp> : nullptr}, {y}, tolerance);
  check("biasGrad " + printShape(shape), Case("biasGrad", layout).in(shape, x).out({channels}),
        {cpu::biasGrad, onWarp ? functors::biasGrad<HostWarp> : nullptr}, {db}, sumTolerance);
}

/// One operand blocked and the other plain: each is taken as it is.
void mixedLayoutsAgree() {
  const Shape shape = {2, 3, 5, 32};
  const auto x = uniform(product(shape), 3), b = uniform(32, 4);
  Operand from(shape, DType::F32, Layout::Blocked16), to(shape, DType::F32, Layout::Plain),
      bias({32}, DType::F32, Layout::Plain);
  from.write(x);
  bias.write(b);
  Node node{"biasAdd", "mixed", {&from.tensor, &bias.tensor}, {&to.tensor}, {}};
  cpu::biasAdd(node).run(nullptr);
  Doubles expected = x;
  for (size_t i = 0; i < x.size(); ++i)
    expected[i] += b[i % 32];
  near("biasAdd from blocked to plain", to.read(), expected, tolerance);
}

} // namespace

int main() {
  for (const auto layout : {Layout::Plain, Layout::Blocked8, Layout::Blocked16}) {
    for (const Shape &shape : {Shape{1, 1}, Shape{7, 15}, Shape{33, 17}, Shape{4, 1500}, Shape{2, 3, 4, 3},
                               Shape{2, 5, 7, 16}, Shape{3, 4, 4, 48}, Shape{5}})
      biasMatchesFloat64(shape, layout, true);
    biasMatchesFloat64({4, 100, 100, 16}, layout, false);
    biasMatchesFloat64({32, 29783}, layout, false);
  }
  mixedLayoutsAgree();
  expectFailure("bias shape", Case("biasAdd").in({2, 3}, uniform(6, 1)).in({2}, {1, 2}).out({2, 3}),
                cpu::biasAdd, "SHAPE biasAdd 'tested': b: expected [3], got [2]");
  return finish("bias functors");
}
