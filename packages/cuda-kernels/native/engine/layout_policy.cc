#include "layout_policy.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace dualpath {
namespace {

const std::unordered_map<std::string_view, LayoutPolicy> &rows() {
  static const auto *table = new std::unordered_map<std::string_view, LayoutPolicy>{
      // Library kernels
      {"conv2d", LayoutPolicy::ChannelAware},
      {"conv2dGradX", LayoutPolicy::ChannelAware},
      {"conv2dGradW", LayoutPolicy::ChannelAware},
      {"batchNorm", LayoutPolicy::Any},
      {"batchNormGrad", LayoutPolicy::Any},
      {"batchNormFrozen", LayoutPolicy::Any},
      {"batchNormFrozenGrad", LayoutPolicy::Any},
      {"batchNormAddRelu", LayoutPolicy::Any},
      {"batchNormAddReluGrad", LayoutPolicy::Any},

      // Functors
      {"add", LayoutPolicy::Any},
      {"subtract", LayoutPolicy::Any},
      {"multiply", LayoutPolicy::Any},
      {"divide", LayoutPolicy::Any},
      {"relu", LayoutPolicy::Any},
      {"reluGrad", LayoutPolicy::Any},
      {"relu6", LayoutPolicy::Any},
      {"relu6Grad", LayoutPolicy::Any},
      {"scale", LayoutPolicy::Any},
      {"affine", LayoutPolicy::Any},
      {"exp", LayoutPolicy::Any},
      {"log", LayoutPolicy::Any},
      {"sqrt", LayoutPolicy::Any},
      {"sqrtGrad", LayoutPolicy::Any},
      {"square", LayoutPolicy::Any},
      {"softplus", LayoutPolicy::Any},
      {"softplusGrad", LayoutPolicy::Any},
      {"biasAdd", LayoutPolicy::Sixteens},
      {"biasGrad", LayoutPolicy::Sixteens},
      {"maxPool", LayoutPolicy::Sixteens},
      {"maxPoolGrad", LayoutPolicy::Sixteens},
      {"averagePool", LayoutPolicy::Sixteens},
      {"averagePoolGrad", LayoutPolicy::Sixteens},
      {"globalAveragePool", LayoutPolicy::Sixteens},
      {"globalAveragePoolGrad", LayoutPolicy::Sixteens},
      {"globalMaxPool", LayoutPolicy::Sixteens},
      {"globalMaxPoolGrad", LayoutPolicy::Sixteens},
  };
  return *table;
}

bool broadcasts(const Node &node) {
  const auto arithmetic = {"add", "subtract", "multiply", "divide"};
  if (std::find(arithmetic.begin(), arithmetic.end(), node.op) == arithmetic.end())
    return false;
  const auto &shape = node.outputs.at(0)->shape;
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [&](const Tensor *input) { return input->shape != shape; });
}

} // namespace

LayoutPolicy layoutPolicy(const Node &node, Layout blocked) {
  const auto found = rows().find(node.op);
  if (found == rows().end() || broadcasts(node))
    return LayoutPolicy::PlainOnly;
  if (found->second == LayoutPolicy::Sixteens)
    return blocked == Layout::Blocked16 ? LayoutPolicy::ChannelAware : LayoutPolicy::PlainOnly;
  return found->second;
}

} // namespace dualpath
