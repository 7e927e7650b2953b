#include "feed_bounds.h"

#include "failure.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace dualpath {
namespace {

struct Rule {
  std::string_view op;
  size_t input; // which one holds the indices
  int64_t low;
  std::function<int64_t(const Node &)> high;
};

const std::vector<Rule> &rules() {
  static const auto *all = new std::vector<Rule>{
      {"embedding", 2, 0, [](const Node &node) { return node.inputs[0]->shape[0]; }},
      {"embeddingGrad", 0, 0, [](const Node &node) { return node.attributes.integer("vocabulary"); }},
      {"classifierCrossEntropy", 3, -1, [](const Node &node) { return node.inputs[1]->shape[0] - 1; }},
      {"softmaxCrossEntropy", 1, -1, [](const Node &node) { return node.inputs[0]->shape[1] - 1; }},
      {"gatherRows", 1, 0, [](const Node &node) { return node.inputs[0]->shape[0] - 1; }},
      {"gatherRowsGrad", 1, 0, [](const Node &node) { return node.attributes.integer("rows") - 1; }},
  };
  return *all;
}

} // namespace

std::vector<FeedBounds> feedBounds(const std::vector<Node> &nodes, const std::vector<Tensor *> &feeds) {
  std::vector<FeedBounds> found;
  for (const auto &node : nodes)
    for (const auto &rule : rules()) {
      if (node.op != rule.op)
        continue;
      auto *indices = node.inputs.at(rule.input);
      if (indices->dtype == DType::I32 && std::count(feeds.begin(), feeds.end(), indices))
        found.push_back({indices, node.op, node.name, rule.low, rule.high(node)});
    }
  return found;
}

void checkBounds(const FeedBounds &bounds, const int32_t *values) {
  const auto count = bounds.tensor->count();
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] >= bounds.low && values[i] <= bounds.high)
      continue;
    const auto got = std::to_string(values[i]);
    throw Failure(Code::Feed,
                  bounds.op + " '" + bounds.node + "': feed '" + bounds.tensor->name + "'[" +
                      std::to_string(i) + "]: expected " + std::to_string(bounds.low) + " to " +
                      std::to_string(bounds.high) + ", got " + got,
                  {{"op", bounds.op},
                   {"node", bounds.node},
                   {"feed", bounds.tensor->name},
                   {"position", static_cast<double>(i)},
                   {"got", got}});
  }
}

} // namespace dualpath
