#pragma once

#include "../functors/portable.h"

#include <algorithm>

namespace dualpath::cuda {

/// Threads of a launch, and how they share the elements or rows. A row belongs to one warp, or to a whole
/// block where it is wide and there are too few rows to keep the device busy with one warp each.
struct Geometry {
  static constexpr int32_t blockThreads = 256, warpThreads = 32;
  static constexpr int64_t mostBlocks = 65535; // beyond it threads stride over the grid
  static constexpr int64_t wideRow = 2048, busyRows = 4096;

  int64_t blocks;
  bool blockPerRow;

  static Geometry elements(int64_t count) { return {blocksFor(count), false}; }
  static Geometry rows(int64_t count, int64_t width) {
    const bool wide = width >= wideRow && count < busyRows;
    return {wide ? std::min(count, mostBlocks) : blocksFor(count * warpThreads), wide};
  }

private:
  static int64_t blocksFor(int64_t threads) {
    return std::min((threads + blockThreads - 1) / blockThreads, mostBlocks);
  }
};

/// A thread's place in its launch.
struct Place {
  int64_t block, thread, blocks;

  /// visit(i) for this thread's elements of `count`.
  template <class Visit> HD void elements(int64_t count, Visit visit) const {
    const int64_t stride = blocks * Geometry::blockThreads;
    for (int64_t i = block * Geometry::blockThreads + thread; i < count; i += stride)
      visit(i);
  }
  /// visit(row) for the rows that this thread's warp works on.
  template <class Visit> HD void warpRows(int64_t count, Visit visit) const {
    constexpr int64_t perBlock = Geometry::blockThreads / Geometry::warpThreads;
    for (int64_t row = block * perBlock + thread / Geometry::warpThreads; row < count;
         row += blocks * perBlock)
      visit(row);
  }
  /// visit(row) for the rows that this thread's block works on.
  template <class Visit> HD void blockRows(int64_t count, Visit visit) const {
    for (int64_t row = block; row < count; row += blocks)
      visit(row);
  }
};

} // namespace dualpath::cuda
