#include "channel_sums.h"

#include <algorithm>
#include <unordered_set>

namespace dualpath {

void askForSums(std::vector<Node> &nodes) {
  std::unordered_set<const Tensor *> normalised;
  for (const auto &node : nodes)
    if ((node.op == "batchNorm" || node.op == "batchNormAddRelu") && !node.inputs.empty())
      normalised.insert(node.inputs[0]);
  const auto wanted = [&](const Tensor *value) {
    return value->dtype == DType::BF16 && normalised.count(value) > 0;
  };
  for (auto &node : nodes)
    if (node.op == "conv2d" && std::any_of(node.outputs.begin(), node.outputs.end(), wanted))
      node.attributes.set("sums", true);
}

} // namespace dualpath
