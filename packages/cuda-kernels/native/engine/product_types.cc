#include "product_types.h"

#include <algorithm>

namespace dualpath {

bool readsNarrow(const Node &node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const Tensor *input) { return input->dtype == DType::BF16; });
}

void requireProductTypes(const Node &node) {
  const auto type = node.inputs[0]->dtype == DType::BF16 ? DType::BF16 : DType::F32;
  const auto require = [&](const Tensor *tensor, bool fits) {
    if (!fits)
      fail(Code::DType, node, "'" + tensor->name + "'", dtypeName(type), dtypeName(tensor->dtype));
  };
  for (const auto *input : node.inputs)
    require(input, input->dtype == type);
  for (const auto *output : node.outputs)
    require(output, output->dtype == type || output->dtype == DType::F32);
}

} // namespace dualpath
