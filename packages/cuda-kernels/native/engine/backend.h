#pragma once

#include "kernel.h"
#include "region.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dualpath {

/// What the engine asks of the device it was built for. One binary holds one backend.
class Backend {
public:
  virtual ~Backend() = default;
  virtual const char *kind() const = 0;
  virtual std::vector<std::string> operations() const = 0;
  virtual std::map<std::string, std::string> versions() const = 0;
  virtual Prepare find(const std::string &op) const = 0; // null when there is no such op

  /// Called first on the session thread: device, handles, size of the thread pool.
  virtual void enter(int threads) const = 0;
  virtual std::shared_ptr<Region> allocate(size_t bytes) const = 0;
  /// The layout in which convolutions over images run best.
  virtual Layout imageLayout() const = 0;
  /// Copies a rank-4 value into the other layout. Both have the same shape and dtype.
  virtual void reorder(const Tensor &from, const Tensor &to) const = 0;
  virtual bool allFinite(const Tensor &value) const = 0;
};

/// The backend of this binary. Throws DEVICE the first time where its code cannot run on this machine.
const Backend &backend();

} // namespace dualpath
