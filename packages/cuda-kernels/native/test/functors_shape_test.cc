#include "../functors/broadcast.h"
#include "../functors/cast.h"
#include "../functors/shape.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 2e-7; // one rounding

Doubles list(const Shape &shape) { return {shape.begin(), shape.end()}; }

/// For each element of `to`, the position of the element of `from` that broadcasts there.
std::vector<int64_t> sources(const Shape &from, const Shape &to) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < product(to); ++i) {
    int64_t rest = i, position = 0, stride = 1;
    for (size_t k = 1; k <= to.size(); ++k) {
      const int64_t index = rest % to[to.size() - k];
      rest /= to[to.size() - k];
      if (k > from.size())
        continue;
      position += (from[from.size() - k] == 1 ? 0 : index) * stride;
      stride *= from[from.size() - k];
    }
    positions.push_back(position);
  }
  return positions;
}

struct Arithmetic {
  const char *op;
  Backends backends;
  double (*f)(double, double);
};

const Arithmetic operations[] = {
    {"add", {cpu::add, functors::add<HostWarp>}, [](double a, double b) { return a + b; }},
    {"subtract", {cpu::subtract, functors::subtract<HostWarp>}, [](double a, double b) { return a - b; }},
    {"multiply", {cpu::multiply, functors::multiply<HostWarp>}, [](double a, double b) { return a * b; }},
    {"divide", {cpu::divide, functors::divide<HostWarp>}, [](double a, double b) { return a / b; }},
};

void arithmeticBroadcasts(const Shape &a, const Shape &b, const Shape &y) {
  const auto left = uniform(product(a), 1), right = uniform(product(b), 2, 0.5, 2);
  const auto fromLeft = sources(a, y), fromRight = sources(b, y);
  for (const auto &operation : operations) {
    Doubles expected;
    for (size_t i = 0; i < fromLeft.size(); ++i)
      expected.push_back(operation.f(left[fromLeft[i]], right[fromRight[i]]));
    check(operation.op + printShape(a) + printShape(b), Case(operation.op).in(a, left).in(b, right).out(y),
          operation.backends, {expected}, tolerance);
  }
}

void broadcastToRepeats(const Shape &from, const Shape &to) {
  const auto x = uniform(product(from), 3);
  Doubles expected;
  for (auto position : sources(from, to))
    expected.push_back(x[position]);
  check("broadcastTo " + printShape(from) + printShape(to),
        Case("broadcastTo").attribute("shape", list(to)).in(from, x).out(to),
        {cpu::broadcastTo, functors::broadcastTo<HostWarp>}, {expected}, 0);
}

void transposeMovesEveryElement(const Shape &shape, const std::vector<size_t> &permutation, DType dtype) {
  const auto x = integers(product(shape), 4, 0, 255);
  Shape to;
  for (auto axis : permutation)
    to.push_back(shape[axis]);
  Doubles expected(x.size());
  for (int64_t i = 0; i < product(to); ++i) {
    std::vector<int64_t> index(shape.size());
    for (size_t k = to.size(), rest = i; k-- > 0; rest /= to[k])
      index[permutation[k]] = rest % to[k];
    int64_t position = 0;
    for (size_t k = 0; k < shape.size(); ++k)
      position = position * shape[k] + index[k];
    expected[i] = x[position];
  }
  check("transpose " + printShape(shape),
        Case("transpose")
            .attribute("permutation", Doubles(permutation.begin(), permutation.end()))
            .in(shape, x, dtype)
            .out(to, dtype),
        {cpu::transpose, functors::transpose<HostWarp>}, {expected}, 0);
}

void concatAndSliceAreInverse(const Shape &first, const Shape &second, int64_t axis) {
  Shape whole = first;
  whole[axis] += second[axis];
  const auto x = uniform(product(whole), 5);
  const int64_t inner = product({whole.begin() + axis + 1, whole.end()});
  const auto part = [&](int64_t begin, int64_t end, bool zeros) {
    Doubles values;
    for (size_t i = 0; i < x.size(); ++i) {
      const int64_t index = static_cast<int64_t>(i) / inner % whole[axis];
      if (index >= begin && index < end)
        values.push_back(x[i]);
      else if (zeros)
        values.push_back(0);
    }
    return values;
  };
  const int64_t cut = first[axis], end = whole[axis];
  const auto a = part(0, cut, false), b = part(cut, end, false);
  const double at = static_cast<double>(axis), begin = static_cast<double>(cut);
  check("concat", Case("concat").attribute("axis", at).in(first, a).in(second, b).out(whole),
        {cpu::concat, functors::concat<HostWarp>}, {x}, 0);
  check("slice",
        Case("slice")
            .attribute("axis", at)
            .attribute("begin", begin)
            .attribute("end", static_cast<double>(end))
            .in(whole, x)
            .out(second),
        {cpu::slice, functors::slice<HostWarp>}, {b}, 0);
  check("sliceGrad",
        Case("sliceGrad")
            .attribute("axis", at)
            .attribute("begin", begin)
            .attribute("inputShape", list(whole))
            .in(second, b)
            .out(whole),
        {cpu::sliceGrad, functors::sliceGrad<HostWarp>}, {part(cut, end, true)}, 0);
}

void reshapeCopiesAndFillFills() {
  const auto x = uniform(24, 6);
  check("reshape", Case("reshape").attribute("shape", Doubles{4, 6}).in({2, 3, 4}, x).out({4, 6}),
        {cpu::reshape, functors::reshape<HostWarp>}, {x}, 0);
  check("fill", Case("fill").attribute("shape", Doubles{33}).attribute("value", 2.5).out({33}),
        {cpu::fill, functors::fill<HostWarp>}, {Doubles(33, 2.5)}, 0);
}

void castRoundsAndSaturates() {
  const Backends backends{cpu::cast, functors::cast<HostWarp>};
  const auto cast = [&](const char *to, DType from, DType type, const Doubles &x, const Doubles &expected) {
    const auto size = static_cast<int64_t>(x.size());
    check(std::string("cast to ") + to,
          Case("cast").attribute("dtype", std::string(to)).in({size}, x, from).out({size}, type), backends,
          {expected}, 0);
  };
  cast("i32", DType::F32, DType::I32, {1.9, -1.9, 0, 3e9, -3e9, NAN},
       {1, -1, 0, 2147483647, -2147483648.0, 0});
  cast("u8", DType::F32, DType::U8, {1.9, -1.9, 255, 256, 7}, {1, 0, 255, 255, 7});
  cast("f32", DType::U8, DType::F32, {0, 1, 255}, {0, 1, 255});
  cast("f32", DType::I32, DType::F32, {-5, 0, 16777216}, {-5, 0, 16777216});
  cast("f32", DType::BF16, DType::F32, {1.5, -0.25, INFINITY}, {1.5, -0.25, INFINITY});
  // Halfway cases go to the even neighbour: 1 + 2^-8 down, 1 + 3 * 2^-8 up.
  cast("bf16", DType::F32, DType::BF16, {1.00390625, 1.01171875, 1.0040, -INFINITY, NAN},
       {1, 1.015625, 1.0078125, -INFINITY, NAN});
}

} // namespace

int main() {
  arithmeticBroadcasts({3, 5}, {3, 5}, {3, 5});
  arithmeticBroadcasts({33, 17}, {17}, {33, 17});
  arithmeticBroadcasts({33, 1}, {33, 17}, {33, 17});
  arithmeticBroadcasts({7, 1}, {1, 9}, {7, 9});
  arithmeticBroadcasts({}, {1000}, {1000});
  arithmeticBroadcasts({2, 3, 4, 5}, {1, 3, 1, 5}, {2, 3, 4, 5});
  arithmeticBroadcasts({2, 1, 4, 1}, {3, 1, 31}, {2, 3, 4, 31});
  arithmeticBroadcasts({1, 1, 1, 1}, {2, 1, 1, 1}, {2, 1, 1, 1});
  broadcastToRepeats({}, {4, 5});
  broadcastToRepeats({5}, {4, 5});
  broadcastToRepeats({4, 1}, {4, 33});
  broadcastToRepeats({2, 1, 3, 1}, {2, 6, 3, 7});
  for (const auto dtype : {DType::F32, DType::U8, DType::I32}) {
    transposeMovesEveryElement({5}, {0}, dtype);
    transposeMovesEveryElement({17, 33}, {1, 0}, dtype);
    transposeMovesEveryElement({2, 3, 4}, {2, 0, 1}, dtype);
    transposeMovesEveryElement({2, 3, 5, 7}, {0, 3, 1, 2}, dtype);
  }
  concatAndSliceAreInverse({3, 4}, {5, 4}, 0);
  concatAndSliceAreInverse({3, 4}, {3, 29}, 1);
  concatAndSliceAreInverse({2, 3, 4, 5}, {2, 1, 4, 5}, 1);
  reshapeCopiesAndFillFills();
  castRoundsAndSaturates();
  expectFailure("broadcast", Case("add").in({2, 3}, uniform(6, 1)).in({2}, {1, 2}).out({2, 3}), cpu::add,
                "SHAPE add 'tested': b: expected a shape that broadcasts to [2, 3], got [2]");
  expectFailure(
      "permutation",
      Case("transpose").attribute("permutation", Doubles{0, 0}).in({2, 3}, uniform(6, 1)).out({2, 3}),
      cpu::transpose,
      "ATTRIBUTE transpose 'tested': permutation: expected each axis of a value of rank 4 or less once, got "
      "[0, 0]");
  return finish("shape functors");
}
