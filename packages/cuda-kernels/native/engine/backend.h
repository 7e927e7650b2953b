#pragma once

#include "kernel.h"
#include "region.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dualpath {

/// A step that was recorded once, and runs again without a visit to each of its nodes.
class Recording {
public:
  virtual ~Recording() = default;
  virtual void replay() const = 0;
};

/// What the engine asks of the device it was built for. One binary holds one backend. What is virtual without
/// being pure is about memory and order of execution; as it stands it fits a device that computes at once, in
/// the host's memory.
class Backend {
public:
  virtual ~Backend() = default;
  virtual const char *kind() const = 0;
  virtual std::vector<std::string> operations() const = 0;
  virtual std::map<std::string, std::string> versions() const = 0;
  /// Why products are not computed in a precision here ("bf16", "tf32"); empty where they are.
  virtual std::string precisionGap(const std::string &precision) const;
  virtual Prepare find(const std::string &op) const = 0; // null when there is no such op

  /// Names of the devices there are, at least one. Throws DEVICE or VERSION, with the reason, for none.
  virtual std::vector<std::string> devices() const;
  /// This backend on one of them. Throws DEVICE where there is no device of that number.
  virtual const Backend &on(int device) const;

  /// Called first on the session thread: device, handles, size of the thread pool.
  virtual void enter(int threads) const = 0;
  virtual std::shared_ptr<Region> allocate(size_t bytes) const = 0;
  /// The layout in which convolutions over images run best.
  virtual Layout imageLayout() const = 0;
  /// Copies a rank-4 value into the other layout. Both have the same shape and dtype.
  virtual void reorder(const Tensor &from, const Tensor &to) const = 0;
  virtual bool allFinite(const Tensor &value) const = 0;

  /// Copies between the host and allocated memory; done on return.
  virtual void upload(void *to, const std::byte *from, size_t bytes) const;
  virtual void download(std::byte *to, const void *from, size_t bytes) const;
  /// Returns when everything that was started has ended. Throws DEVICE for what failed on the way.
  virtual void wait() const {}

  /// Host memory for feeds. The caller's thread fills it and then calls `send`, which may begin to move it.
  virtual std::shared_ptr<Region> allocateStaging(size_t bytes) const { return allocate(bytes); }
  virtual void send(Region &) const {}
  /// Whether kernels read staging where it is; else a program has room for it behind its scratch.
  virtual bool readsStaging() const { return true; }
  /// Where kernels find what was sent: in the staging, or in `room` once this has moved it there.
  virtual std::byte *receive(Region &staging, std::byte *) const { return staging.data(); }

  /// Records what `work` starts, without running it; null where nothing is gained by that.
  virtual std::unique_ptr<Recording> record(const std::function<void()> &) const { return nullptr; }
};

/// The backend of this binary. Throws DEVICE the first time where its code cannot run on this machine.
const Backend &backend();

} // namespace dualpath
