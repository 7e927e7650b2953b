#pragma once

#include "adapt.h"
#include "backend.h"
#include "feed_bounds.h"
#include "plan.h"
#include "store.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dualpath {

/// Feeds and scalars of one step, copied on the caller's thread.
struct Staging {
  std::shared_ptr<Region> memory;
};

/// One array as it crosses the boundary.
struct FeedView {
  const std::byte *data;
  size_t bytes;
  DType dtype;
};

/// A value copied out, always in plain order.
struct Array {
  std::string name;
  std::vector<int64_t> shape;
  DType dtype;
  std::vector<std::byte> data;
};

struct NodeTime {
  std::string name;
  double milliseconds, reorderMilliseconds; // the second is part of the first
};

struct NodeDescription {
  std::string name, op, kernel, layout;
  size_t scratchBytes;
};

struct Description {
  size_t arenaBytes, scratchBytes, storeBytes;
  std::vector<NodeDescription> nodes;
};

/// A plan with its kernels, arena and scratch. Constructed, stepped and destroyed on the session thread;
/// `stage` and `describe` are also safe elsewhere.
class Program {
public:
  /// Stops with DISPOSED between two kernels once `stopping` returns true.
  Program(
      Store &store, Plan plan, const std::function<bool()> &stopping = [] { return false; });

  Staging stage(const std::vector<FeedView> &feeds, const std::byte *scalars, size_t scalarBytes);
  /// Runs every node, stoppable in the same way.
  std::vector<Array> step(Staging staging, const std::function<bool()> &stopping);
  std::vector<NodeTime> profile(Staging staging, const std::function<bool()> &stopping);
  Description describe() const;

private:
  void bindTensors();
  void buildNodes();
  void prepareKernels(const std::function<bool()> &stopping);
  void keepSums(Tensor &of);
  void allocate();
  void enter(const Staging &staging);
  void leave(Staging staging);
  void runNodes(const std::function<bool()> &stopping);
  void runNode(const AdaptedNode &adapted);
  Array copyOut(const Tensor &tensor) const;
  void checkStore();
  void checkFeed(size_t position, const FeedView &feed) const;

  Store &store_;
  const bool guarded_;
  const Plan plan_;
  const bool checkFinite_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
  std::vector<std::shared_ptr<Slot>> slots_;
  std::vector<Node> nodes_;
  std::vector<Tensor *> feeds_;
  std::vector<size_t> feedOffsets_;
  size_t stagingBytes_ = 0, scalarsOffset_ = 0;
  std::vector<FeedBounds> bounds_;
  std::vector<std::unique_ptr<AdaptedNode>> kernels_;
  std::vector<std::unique_ptr<Tensor>> sums_; // at the end of scratch, apart from what nodes use
  size_t scratchBytes_ = 0, storeBytes_ = 0;
  std::shared_ptr<Region> memory_; // arena, scratch, and room for staging where kernels cannot read it
  std::unique_ptr<Recording> recording_;
  size_t runs_ = 0, checkedGeneration_ = 0;
  std::mutex stagingMutex_;
  std::vector<std::shared_ptr<Region>> freeStaging_;
};

} // namespace dualpath
