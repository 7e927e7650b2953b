#include "biased_product.h"

#include <algorithm>
#include <deque>
#include <memory>

namespace dualpath {

BiasedProduct biasedProduct(const Node &node, const char *op) {
  if (node.inputs.size() != 3 || node.outputs.size() != 1)
    fail(Code::PlanInvalid, node, "operands", "3 inputs and 1 output",
         std::to_string(node.inputs.size()) + " and " + std::to_string(node.outputs.size()));
  auto *bias = node.inputs[2];
  const auto *y = node.outputs[0];
  requireShape(node, "bias", {y->rank() ? y->shape.back() : 1}, bias->shape);
  if (bias->dtype != DType::F32)
    fail(Code::DType, node, "bias", dtypeName(DType::F32), dtypeName(bias->dtype));
  BiasedProduct whole{node, bias, node.attributes.boolean("relu", false)};
  whole.product.op = op;
  whole.product.inputs.pop_back();
  return whole;
}

Kernel stepByStep(const Node &node, const char *op, Prepare product, Prepare biasAdd, Prepare relu) {
  const auto whole = biasedProduct(node, op);
  auto *y = node.outputs[0];
  const auto nodes = std::make_shared<std::deque<Node>>(); // as long as their kernels
  const auto kernelOf = [&](Prepare prepare, Node part) {
    return prepare(nodes->emplace_back(std::move(part)));
  };
  const auto first = kernelOf(product, whole.product);
  const auto second = kernelOf(biasAdd, {"biasAdd", node.name, {y, whole.bias}, {y}, {}});
  const auto third = whole.relu ? kernelOf(relu, {"relu", node.name, {y}, {y}, {}}) : Kernel{};
  return {first.name + (whole.relu ? ", then bias, then ReLU" : ", then bias"),
          std::max({first.scratchBytes, second.scratchBytes, third.scratchBytes}),
          [nodes, first, second, third](std::byte *scratch) {
            for (const auto *kernel : {&first, &second, &third})
              if (kernel->run)
                kernel->run(scratch);
          }};
}

} // namespace dualpath
