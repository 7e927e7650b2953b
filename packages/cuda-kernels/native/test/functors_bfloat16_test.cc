#include "../functors/batch_norm.h"
#include "../functors/broadcast.h"
#include "../functors/dropout.h"
#include "../functors/embedding.h"
#include "../functors/global_pooling.h"
#include "../functors/pooling.h"
#include "functors_harness.h"

// Functors compute in float whatever they store: on numbers that bf16 holds, their results are those of f32,
// rounded once.

using namespace dualpath;
using namespace dualpath::test;

namespace {

/// Half of the last of 8 bits, and room for another order of float sums.
constexpr double rounding = 0x1p-8;

Doubles rounded(Doubles values) {
  for (auto &value : values)
    value = BFloat16::of(static_cast<float>(value));
  return values;
}

/// A node's operand, and whether bf16 stores it.
struct Role {
  Shape shape;
  Doubles values; // of inputs
  bool narrow = true;
  DType dtype = DType::F32;
};

struct Op {
  std::string name;
  Backends backends;
  std::vector<Role> inputs, outputs;
  std::vector<std::pair<std::string, Attribute>> attributes;
};

Case caseOf(const Op &op, Layout layout, bool narrow) {
  Case made(op.name, layout);
  const auto typeOf = [&](const Role &role) { return narrow && role.narrow ? DType::BF16 : role.dtype; };
  for (const auto &role : op.inputs)
    made.in(role.shape, role.narrow ? rounded(role.values) : role.values, typeOf(role));
  for (const auto &role : op.outputs)
    made.out(role.shape, typeOf(role));
  for (const auto &[key, value] : op.attributes)
    made.attribute(key, value);
  return made;
}

void matchesFloat(const Op &op) {
  for (const auto layout : {Layout::Plain, Layout::Blocked8, Layout::Blocked16}) {
    const bool warp = layout == Layout::Plain;
    const auto expected = caseOf(op, layout, false).run(op.backends.cpu, 1);
    check(op.name + " in bf16", caseOf(op, layout, true),
          {op.backends.cpu, warp ? op.backends.warp : nullptr}, expected, rounding);
  }
}

Role image(uint32_t seed) { return {{2, 5, 6, 32}, uniform(2 * 5 * 6 * 32, seed)}; }
Role vector(uint32_t seed) { return {{32}, uniform(32, seed, 0.5, 1.5), false}; }
Role made(Shape shape) { return {std::move(shape), {}}; }
Role madeWide(Shape shape, DType dtype = DType::F32) { return {std::move(shape), {}, false, dtype}; }

#define BACKENDS(op)                                                                                         \
  { cpu::op, functors::op<HostWarp> }

std::vector<Op> elementwise() {
  const Shape shape = image(0).shape;
  return {
      {"relu", BACKENDS(relu), {image(1)}, {made(shape)}, {}},
      {"relu6", BACKENDS(relu6), {image(1)}, {made(shape)}, {}},
      {"reluGrad", BACKENDS(reluGrad), {image(1), image(2)}, {made(shape)}, {}},
      {"relu6Grad", BACKENDS(relu6Grad), {image(1), image(2)}, {made(shape)}, {}},
      {"add", BACKENDS(add), {image(1), image(2)}, {made(shape)}, {}},
      {"biasAdd", BACKENDS(biasAdd), {image(1), vector(2)}, {made(shape)}, {}},
      {"biasGrad", BACKENDS(biasGrad), {image(1)}, {madeWide({32})}, {}},
      {"dropout",
       BACKENDS(dropout),
       {image(1), {{}, {5}, false, DType::U32}, {{}, {9}, false, DType::U32}},
       {made(shape)},
       {{"rate", 0.25}, {"stream", 3.0}}},
      {"embedding",
       BACKENDS(embedding),
       {{{4, 32}, uniform(128, 1), false}, vector(2), {{2, 3}, {0, 1, 4, 2, 2, 0}, false, DType::I32}},
       {made({2, 1, 3, 32})},
       {}},
      {"embeddingGrad",
       BACKENDS(embeddingGrad),
       {{{2, 3}, {0, 1, 4, 2, 2, 0}, false, DType::I32}, {{2, 1, 3, 32}, uniform(192, 1)}},
       {madeWide({4, 32})},
       {{"vocabulary", 4.0}}},
  };
}

std::vector<Op> pooling() {
  const Shape shape = image(0).shape, half{2, 3, 3, 32}, flat{2, 32};
  const std::vector<std::pair<std::string, Attribute>> windows = {
      {"window", std::vector<double>{3, 3}},
      {"stride", std::vector<double>{2, 2}},
      {"pad", std::vector<double>{1, 1, 1, 1}},
      {"inputShape", std::vector<double>{2, 5, 6, 32}},
  };
  const Role small{half, uniform(product(half), 3)}, mean{flat, uniform(64, 4), false};
  const Role place{half, integers(product(half), 5, 0, 29), false, DType::I32},
      winner{flat, integers(64, 6, 0, 29), false, DType::I32};
  return {
      {"maxPool", BACKENDS(maxPool), {image(1)}, {made(half), madeWide(half, DType::I32)}, windows},
      {"maxPoolGrad", BACKENDS(maxPoolGrad), {small, place}, {made(shape)}, windows},
      {"averagePool", BACKENDS(averagePool), {image(1)}, {made(half)}, windows},
      {"averagePoolGrad", BACKENDS(averagePoolGrad), {small}, {made(shape)}, windows},
      {"globalAveragePool", BACKENDS(globalAveragePool), {image(1)}, {madeWide(flat)}, windows},
      {"globalAveragePoolGrad", BACKENDS(globalAveragePoolGrad), {mean}, {made(shape)}, windows},
      {"globalMaxPool",
       BACKENDS(globalMaxPool),
       {image(1)},
       {madeWide(flat), madeWide(flat, DType::I32)},
       {}},
      {"globalMaxPoolGrad", BACKENDS(globalMaxPoolGrad), {mean, winner}, {made(shape)}, windows},
  };
}

std::vector<Op> normalisation() {
  const Shape shape = image(0).shape, flat{32};
  const std::vector<std::pair<std::string, Attribute>> plain = {{"epsilon", 1e-3},
                                                                {"activation", std::string("relu6")}};
  const std::vector<Role> gradients{image(1), image(2), vector(3), vector(4), vector(5), image(6)};
  const std::vector<Role> channels{made(shape), madeWide(flat), madeWide(flat)};
  auto withResidual = channels;
  withResidual.push_back(made(shape));
  return {
      {"batchNorm", BACKENDS(batchNorm), {image(1), vector(2), vector(3)}, channels, plain},
      {"batchNormFrozen",
       BACKENDS(batchNormFrozen),
       {image(1), vector(2), vector(3), vector(4), vector(5)},
       {made(shape)},
       plain},
      {"batchNormAddRelu",
       BACKENDS(batchNormAddRelu),
       {image(1), vector(2), vector(3), image(4)},
       channels,
       plain},
      {"batchNormGrad", BACKENDS(batchNormGrad), gradients, channels, plain},
      {"batchNormFrozenGrad", BACKENDS(batchNormFrozenGrad), gradients, channels, plain},
      {"batchNormAddReluGrad", BACKENDS(batchNormAddReluGrad), gradients, withResidual, plain},
  };
}

void roundsToNearestEven() {
  const auto bits = [](float value) { return BFloat16::of(value).word; };
  expect(bits(1.0f) == 0x3F80 && bits(-2.0f) == 0xC000, "bf16 holds small powers of two");
  expect(bits(1.0f + 0x1p-8f) == 0x3F80 && bits(1.0f + 0x3p-8f) == 0x3F82, "ties go to even");
  expect(bits(1.0f + 0x1.1p-8f) == 0x3F81, "what is above a tie goes up");
  expect(bits(3.4e38f) == 0x7F80, "what is beyond the largest number is infinite");
  expect((bits(__builtin_nanf("")) & 0x7FC0) == 0x7FC0, "NaN stays NaN");
  float values[WidePack::width];
  BFloat16 packed[WidePack::width];
  for (int64_t i = 0; i < WidePack::width; ++i)
    values[i] = i == 3 ? __builtin_nanf("") : 1.0f + static_cast<float>(i) * 0x1p-8f;
  WidePack::store(packed, WidePack::load(values));
  for (int64_t i = 0; i < WidePack::width; ++i)
    expect(packed[i].word == bits(values[i]), "a pack rounds as one number does");
}

void refusesMixedTypes() {
  const Case mixed =
      std::move(Case("add").in({2}, {1, 2}, DType::BF16).in({2}, {1, 2}).out({2}, DType::BF16));
  expectFailure("mixed", mixed, cpu::add, "DTYPE add 'tested': b: expected bf16, got f32");
  const Case wide = std::move(Case("exp").in({2}, {1, 2}, DType::BF16).out({2}, DType::BF16));
  expectFailure("exp", wide, cpu::exp, "DTYPE exp 'tested': x: expected f32, got bf16");
}

} // namespace

int main() {
  roundsToNearestEven();
  for (const auto &ops : {elementwise(), pooling(), normalisation()})
    for (const auto &op : ops)
      matchesFloat(op);
  refusesMixedTypes();
  return finish("bf16 functors");
}
