#pragma once

#include "backend.h"
#include "kernel.h"

#include <memory>
#include <vector>

namespace dualpath {

/// A node whose kernel sees the layouts it takes: values in another one are replaced by copies in scratch,
/// filled before the kernel runs and, for outputs, written back after it.
class AdaptedNode {
public:
  AdaptedNode(const Node &node, const Backend &backend);

  const Node &node() const { return node_; }
  const std::string &kernelName() const { return kernel_.name; }
  size_t scratchBytes() const { return copiesBytes_ + kernel_.scratchBytes; }
  bool reordered() const { return !copies_.empty(); }
  bool leavesSums() const { return kernel_.leavesSums; }
  void run(std::byte *scratch) const;

private:
  struct Copy {
    Tensor *original;
    std::unique_ptr<Tensor> proxy;
    size_t offset;
    bool read, written;
  };
  Tensor *adapt(Tensor *tensor, Layout wanted, bool written);
  void reorder(const Tensor &from, const Tensor &to) const;

  const Node &node_;
  const Backend &backend_;
  Node seen_;
  std::vector<Copy> copies_;
  size_t copiesBytes_ = 0;
  Kernel kernel_;
};

} // namespace dualpath
