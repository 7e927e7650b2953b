#include "../engine/channel_sums.h"
#include "harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

Tensor tensorOf(const std::string &name, DType dtype = DType::BF16) { return {name, {2, 4, 4, 8}, dtype}; }

bool asked(const Node &node) { return node.attributes.boolean("sums", false); }

/// Whether a convolution is asked for its sums when `op` reads its result as one of two values.
bool askedFor(const std::string &op, DType dtype, bool first = true, const std::string &producer = "conv2d") {
  auto x = tensorOf("x"), w = tensorOf("w"), y = tensorOf("y", dtype), other = tensorOf("other"),
       z = tensorOf("z");
  std::vector<Node> nodes{{producer, "producer", {&x, &w}, {&y}, {}},
                          {op, "reader", {first ? &y : &other, first ? &other : &y}, {&z}, {}}};
  askForSums(nodes);
  expect(!asked(nodes[1]), "nobody asks the reader");
  return asked(nodes[0]);
}

void asks() {
  for (const auto *op : {"batchNorm", "batchNormAddRelu"})
    expect(askedFor(op, DType::BF16), op);
}

void asksNobodyElse() {
  expect(!askedFor("batchNorm", DType::F32), "f32");
  expect(!askedFor("batchNormFrozen", DType::BF16), "statistics are known");
  expect(!askedFor("batchNormGrad", DType::BF16), "gradients");
  expect(!askedFor("batchNormAddRelu", DType::BF16, false), "what is added is not normalised");
  expect(!askedFor("batchNorm", DType::BF16, true, "relu"), "not a convolution");
}

} // namespace

int main() {
  return run({
      {"a convolution is asked for sums where a batch norm of training reads its bf16 result", asks},
      {"and nowhere else", asksNobodyElse},
  });
}
