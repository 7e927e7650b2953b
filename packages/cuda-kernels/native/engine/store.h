#pragma once

#include "region.h"
#include "tensor.h"

#include <map>
#include <memory>
#include <string>

namespace dualpath {

class Backend;

/// A named tensor and its memory. Programs keep the slots that they were compiled with.
struct Slot {
  Tensor tensor;
  std::shared_ptr<Region> memory;
};

/// Parameters, optimizer state and running statistics by name. Used on the session thread only.
class Store {
public:
  explicit Store(const Backend &backend) : backend_(backend) {}

  /// Creates or overwrites. A value with another shape or dtype replaces the slot, and programs that were
  /// compiled with the old one fail with SHAPE at their next step.
  void write(const std::string &name, const std::vector<int64_t> &shape, DType dtype, const std::byte *data);
  std::shared_ptr<Slot> find(const std::string &name) const;    // null when missing
  std::shared_ptr<Slot> require(const std::string &name) const; // Failure STORE_MISSING
  void remove(const std::string &name);
  size_t bytes() const;
  void clear();

  /// Changes whenever some name gets or loses its slot.
  size_t generation() const { return generation_; }
  const Backend &backend() const { return backend_; }

private:
  const Backend &backend_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  size_t generation_ = 0;
};

} // namespace dualpath
