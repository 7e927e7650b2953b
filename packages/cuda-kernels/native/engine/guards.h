#pragma once

#include "backend.h"
#include "plan.h"

namespace dualpath {

/// Strips of known bytes in front of every arena value and behind it, which no kernel may write: asked for by
/// DUALPATH_GUARD=1, at the price of an arena in which no two values share memory.
class Guards {
public:
  static constexpr size_t stripBytes = 256;

  static bool wanted();
  /// The plan with all arena values apart from each other, a strip on both sides of each.
  static Plan apart(Plan plan);

  /// Fills the arena of such a plan: strips, and between them NaN, so that what no kernel writes is seen.
  static void paint(const Backend &backend, Region &memory, const Plan &plan);
  /// Throws INTERNAL, naming the node and the output, where a strip beside one of its outputs has changed.
  static void check(const Backend &backend, const Node &node, const std::byte *arena, size_t arenaBytes);
};

} // namespace dualpath
