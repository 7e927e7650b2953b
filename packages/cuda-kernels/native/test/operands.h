#pragma once

#include "../engine/backend.h"
#include "../engine/kernel.h"
#include "harness.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

// Operands of library kernels: written and read in plain order, held in any layout.

namespace dualpath::test {

using Shape = std::vector<int64_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

inline int64_t product(const Shape &shape) {
  int64_t count = 1;
  for (auto extent : shape)
    count *= extent;
  return count;
}

/// Reproducible values in [-1, 1).
inline Floats randoms(int64_t count, uint64_t seed) {
  Floats values;
  uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<float>(static_cast<double>(state >> 40) * 0x1p-23 - 1));
  }
  return values;
}

/// Rows of sums with a bias added to each, cut off at 0 with `relu`.
inline Doubles biased(Doubles sums, const Floats &bias, bool relu) {
  for (size_t at = 0; at < sums.size(); ++at) {
    sums[at] += bias[at % bias.size()];
    if (relu)
      sums[at] = std::max(0.0, sums[at]);
  }
  return sums;
}

inline Doubles widened(const Floats &values) { return {values.begin(), values.end()}; }

/// A tensor and its memory, filled with NaN until it is written.
class Operand {
public:
  Operand(const std::string &name, const Shape &shape, Layout layout = Layout::Plain)
      : tensor{name, shape, DType::F32, layout}, memory_(std::make_shared<Region>(tensor.bytes())) {
    tensor.data = memory_->data();
    std::memset(tensor.data, 0xFF, tensor.bytes());
  }
  void write(const Floats &plain) {
    Floats values = plain;
    backend().reorder(as(Layout::Plain, values.data()), tensor);
  }
  Floats read() const {
    Floats values(tensor.count());
    backend().reorder(tensor, as(Layout::Plain, values.data()));
    return values;
  }

  Tensor tensor;

private:
  Tensor as(Layout layout, float *data) const {
    Tensor other = tensor;
    other.layout = layout;
    other.data = data;
    return other;
  }
  std::shared_ptr<Region> memory_;
};

/// Prepares the node's kernel and runs it on scratch that holds garbage.
inline std::string runNode(const Node &node, int threads = 2) {
  backend().enter(threads);
  const auto kernel = backend().find(node.op)(node);
  const Region scratch(kernel.scratchBytes);
  std::memset(scratch.data(), 0xFF, scratch.size());
  kernel.run(scratch.data());
  return kernel.name;
}

} // namespace dualpath::test
