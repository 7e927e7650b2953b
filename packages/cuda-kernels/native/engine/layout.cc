#include "layout.h"

#include "layout_policy.h"

#include <numeric>
#include <unordered_map>

namespace dualpath {
namespace {

/// Bytes are the currency. A convolution in plain layout loses its Winograd form: worth several passes over
/// the value.
constexpr double convolutionGain = 4;
/// A reordered copy reads and writes the value once.
constexpr double reorderCost = 2;

bool isConvolution(const Node &node) { return node.op.rfind("conv2d", 0) == 0; }

/// Sequences have one row of pixels: their convolutions are matrix products, which gain nothing from blocks.
bool isSequence(const Tensor &tensor) { return tensor.shape[1] == 1; }

/// Weights are rank 4 as well, but their axes are not (N, H, W, C).
const Tensor *weightsOf(const Node &node) {
  if (node.op == "conv2dGradW")
    return node.outputs.at(0);
  return isConvolution(node) && node.inputs.size() > 1 ? node.inputs[1] : nullptr;
}

/// Union-find over tensors with a vote per group.
class Groups {
public:
  explicit Groups(const std::vector<Tensor *> &members) : parent_(members.size()), votes_(members.size()) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    for (size_t i = 0; i < members.size(); ++i)
      index_[members[i]] = i;
  }
  bool contains(const Tensor *tensor) const { return index_.count(tensor) > 0; }
  void unite(const Tensor *a, const Tensor *b) {
    const auto from = root(index_.at(a)), to = root(index_.at(b));
    if (from == to)
      return;
    parent_[from] = to;
    votes_[to] += votes_[from];
  }
  void vote(const Tensor *tensor, double bytes) { votes_[root(index_.at(tensor))] += bytes; }
  double votes(const Tensor *tensor) { return votes_[root(index_.at(tensor))]; }

private:
  size_t root(size_t at) {
    while (parent_[at] != at)
      at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  std::unordered_map<const Tensor *, size_t> index_;
  std::vector<size_t> parent_;
  std::vector<double> votes_;
};

std::vector<const Tensor *> operands(const Node &node, const Groups &groups) {
  std::vector<const Tensor *> list;
  for (const auto *side : {&node.inputs, &node.outputs})
    for (const auto *tensor : *side)
      if (groups.contains(tensor))
        list.push_back(tensor);
  return list;
}

void visit(const Node &node, Groups &groups) {
  const auto touched = operands(node, groups);
  const auto policy = layoutPolicy(node);
  for (const auto *tensor : touched) {
    if (isConvolution(node))
      groups.vote(tensor, isSequence(*tensor) ? 0 : convolutionGain * tensor->bytes());
    else if (policy == LayoutPolicy::PlainOnly)
      groups.vote(tensor, -reorderCost * tensor->bytes());
    else
      groups.unite(touched.front(), tensor);
  }
}

} // namespace

bool blockable(const Tensor &tensor) {
  return tensor.rank() == 4 && tensor.shape[3] % 16 == 0 && sizeOf(tensor.dtype) >= 2;
}

void assignLayouts(const std::vector<Node> &nodes, const std::vector<Tensor *> &free, Layout blocked) {
  std::unordered_map<const Tensor *, bool> weights;
  for (const auto &node : nodes)
    weights[weightsOf(node)] = true;
  std::vector<Tensor *> members;
  for (auto *tensor : free)
    if (blockable(*tensor) && !weights.count(tensor))
      members.push_back(tensor);

  Groups groups(members);
  for (const auto &node : nodes)
    visit(node, groups);
  for (auto *tensor : members)
    tensor->layout = groups.votes(tensor) > 0 ? blocked : Layout::Plain;
}

} // namespace dualpath
