#pragma once

#include "../../cuda/context.h"
#include "../../cuda/geometry.h"
#include "../../engine/kernel.h"
#include "../../functors/lanes.h"
#include "runtime.h"

/// In front of every source that includes cuda/launch.cuh, whose place this takes: the same launcher, with
/// launches played block by block.
#define DUALPATH_CUDA_LAUNCH

namespace dualpath::cuda {

/// A row runs in one go, by the device's code for a single lane: that lanes agree is shown elsewhere.
struct OneLane {
  static constexpr int32_t count = 1;
  int32_t lane() const { return 0; }
  void sync() const {}
  template <class T> T exchange(T value, int32_t) const { return value; }
};

struct Backend {
  static constexpr bool serialSort = false;

  template <class Functor> static void elements(int64_t count, Functor functor) {
    const auto geometry = Geometry::elements(count);
    play("elements", count, geometry, 1, [=](const Place &place) { place.elements(count, functor); });
  }

  template <class Functor> static void rows(int64_t count, int64_t width, Functor functor) {
    const auto geometry = Geometry::rows(count, width);
    const auto work = [functor](int64_t row) { functor(row, WarpLanes<OneLane>{OneLane{}}); };
    if (geometry.blockPerRow)
      return play("wide rows", count, geometry, Geometry::blockThreads,
                  [=](const Place &place) { place.blockRows(count, work); });
    play("rows", count, geometry, Geometry::warpThreads,
         [=](const Place &place) { place.warpRows(count, work); });
  }

  static void checkIndices(const Node &, const char *, const int32_t *, int64_t, int64_t, int64_t) {}

private:
  /// One thread of each group of `together` does the work of the group.
  template <class Work>
  static void play(const char *what, int64_t count, const Geometry &geometry, int64_t together, Work work) {
    if (count == 0)
      return;
    const auto launch = [=, blocks = geometry.blocks] {
      for (int64_t block = 0; block < blocks; ++block)
        for (int64_t thread = 0; thread < Geometry::blockThreads; thread += together)
          work(Place{block, thread, blocks});
    };
    requireSuccess(host_device::enqueue(stream(), std::string(what) + " " + std::to_string(count), launch),
                   std::string("launch of ") + what);
  }
};

} // namespace dualpath::cuda
