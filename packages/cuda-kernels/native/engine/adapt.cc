#include "adapt.h"

#include "layout_policy.h"
#include "reorder_time.h"

namespace dualpath {
namespace {

/// Attribute failures are raised below the node: name the node here.
Kernel prepare(const Node &node, const Backend &backend) {
  try {
    return backend.find(node.op)(node);
  } catch (const Failure &failure) {
    if (failure.details.count("node"))
      throw;
    auto details = failure.details;
    details.insert({{"op", node.op}, {"node", node.name}});
    throw Failure(failure.code, node.op + " '" + node.name + "': " + failure.message, details);
  }
}

Layout wantedLayout(const Node &node, LayoutPolicy policy, const Tensor &tensor) {
  switch (policy) {
  case LayoutPolicy::Any:
    return node.outputs.at(0)->layout;
  case LayoutPolicy::ChannelAware:
    return tensor.layout;
  case LayoutPolicy::PlainOnly:
    return Layout::Plain;
  }
  return Layout::Plain;
}

} // namespace

AdaptedNode::AdaptedNode(const Node &node, const Backend &backend)
    : node_(node), backend_(backend), seen_(node) {
  const auto policy = layoutPolicy(node);
  for (auto *&input : seen_.inputs)
    if (input->rank() == 4)
      input = adapt(input, wantedLayout(node, policy, *input), false);
  for (auto *&output : seen_.outputs)
    if (output->rank() == 4)
      output = adapt(output, wantedLayout(node, policy, *output), true);
  kernel_ = prepare(seen_, backend);
}

Tensor *AdaptedNode::adapt(Tensor *tensor, Layout wanted, bool written) {
  if (tensor->layout == wanted)
    return tensor;
  for (auto &copy : copies_)
    if (copy.original == tensor) {
      copy.written |= written;
      copy.read |= !written;
      return copy.proxy.get();
    }
  auto proxy = std::make_unique<Tensor>(*tensor);
  proxy->layout = wanted;
  copies_.push_back({tensor, std::move(proxy), copiesBytes_, !written, written});
  copiesBytes_ += alignUp(tensor->bytes());
  return copies_.back().proxy.get();
}

void AdaptedNode::run(std::byte *scratch) const {
  for (const auto &copy : copies_) {
    copy.proxy->data = scratch + copy.offset;
    if (copy.read)
      reorder(*copy.original, *copy.proxy);
  }
  kernel_.run(scratch + copiesBytes_);
  for (const auto &copy : copies_)
    if (copy.written)
      reorder(*copy.proxy, *copy.original);
}

void AdaptedNode::reorder(const Tensor &from, const Tensor &to) const {
  const ReorderTime::Span span;
  backend_.reorder(from, to);
}

} // namespace dualpath
