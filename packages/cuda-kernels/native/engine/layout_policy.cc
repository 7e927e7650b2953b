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
      {"conv2dBias", LayoutPolicy::ChannelAware},
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
      {"cast", LayoutPolicy::Any},
      {"biasAdd", LayoutPolicy::ChannelAware},
      {"biasGrad", LayoutPolicy::ChannelAware},
      {"maxPool", LayoutPolicy::ChannelAware},
      {"maxPoolGrad", LayoutPolicy::ChannelAware},
      {"averagePool", LayoutPolicy::ChannelAware},
      {"averagePoolGrad", LayoutPolicy::ChannelAware},
      {"globalAveragePool", LayoutPolicy::ChannelAware},
      {"globalAveragePoolGrad", LayoutPolicy::ChannelAware},
      {"globalMaxPool", LayoutPolicy::ChannelAware},
      {"globalMaxPoolGrad", LayoutPolicy::ChannelAware},
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

LayoutPolicy layoutPolicy(const Node &node) {
  const auto found = rows().find(node.op);
  return found == rows().end() || broadcasts(node) ? LayoutPolicy::PlainOnly : found->second;
}

} // namespace dualpath
