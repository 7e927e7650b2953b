#include "../engine/biased_product.h"
#include "operands.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 1e-5;

/// y = a b + bias of two rows and three columns, in one node.
struct Biased {
  Operand a{"a", {2, 2}}, b{"b", {2, 3}}, bias{"bias", {3}}, y{"y", {2, 3}};

  Biased() { a.write({1, 2, 3, 4}), b.write({1, 0, -1, 0, 1, -1}), bias.write({10, -3, 1}); }
  Node node(bool relu) {
    return {"matmulBias",
            "n",
            {&a.tensor, &b.tensor, &bias.tensor},
            {&y.tensor},
            Attributes({{"transposeA", false}, {"transposeB", false}, {"relu", relu}})};
  }
};

void adds() {
  Biased biased;
  const auto kernel = runNode(biased.node(false));
  close("y", biased.y.read(), {11, -1, -2, 13, 1, -6}, tolerance);
  expect(kernel.ends_with(" with bias"), "the kernel's name says what is done beside the product");
}

void cuts() {
  Biased biased;
  const auto kernel = runNode(biased.node(true));
  close("y", biased.y.read(), {11, 0, 0, 13, 1, 0}, tolerance);
  expect(kernel.ends_with(" with bias and ReLU"), "the kernel's name says what is done beside the product");
}

void follows() {
  Biased biased;
  for (const bool relu : {false, true}) {
    const auto node = biased.node(relu);
    const auto kernel = stepByStep(node, "matmul", backend().find("matmul"), backend().find("biasAdd"),
                                   backend().find("relu"));
    const Region scratch(kernel.scratchBytes);
    kernel.run(scratch.data());
    close("y", biased.y.read(), relu ? Doubles{11, 0, 0, 13, 1, 0} : Doubles{11, -1, -2, 13, 1, -6},
          tolerance);
    expect(kernel.name.ends_with(relu ? ", then bias, then ReLU" : ", then bias"),
           "the kernel's name says what comes behind the product");
  }
}

void takesApart() {
  Biased biased;
  const auto whole = biasedProduct(biased.node(true), "matmul");
  equal("op", whole.product.op, "matmul");
  expect(whole.product.inputs.size() == 2 && whole.product.outputs[0] == &biased.y.tensor,
         "the product reads a and b and writes y");
  expect(whole.bias == &biased.bias.tensor && whole.relu, "bias and ReLU stand beside it");
}

void refuses() {
  Biased biased;
  const auto with = [&](auto change) {
    auto node = biased.node(true);
    change(node);
    return failureOf([&] { runNode(node); });
  };
  Operand narrow("narrow", {2});
  equal("length", with([&](Node &node) { node.inputs[2] = &narrow.tensor; }),
        "SHAPE matmulBias 'n': bias: expected [3], got [2]");
  equal("count", with([](Node &node) { node.inputs.pop_back(); }),
        "PLAN_INVALID matmulBias 'n': operands: expected 3 inputs and 1 output, got 2 and 1");
  biased.bias.tensor.dtype = DType::BF16;
  equal("type", with([](Node &) {}), "DTYPE matmulBias 'n': bias: expected f32, got bf16");
}

} // namespace

int main() {
  return run({
      {"a bias is added to a product", adds},
      {"and ReLU cuts the sum off at 0", cuts},
      {"a library without such kernels does them one after the other", follows},
      {"a node is taken apart into its product and what stands behind", takesApart},
      {"a bias that does not fit is refused by name", refuses},
  });
}
