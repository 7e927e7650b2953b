#pragma once

#include "../functors/index_range.h"
#include "../functors/lanes.h"

#include <algorithm>
#include <omp.h>

namespace dualpath::cpu {

/// The CPU launcher of functors. It shares oneDNN's OpenMP pool; the split over threads is static, and small
/// work stays on the calling thread, where starting the pool would cost more than the work.
struct Backend {
  static constexpr bool serialSort = true;

  template <class Functor> static void elements(int64_t count, Functor functor) {
    if (!worthThreads(count))
      return elementRange(0, count, functor);
#pragma omp parallel
    {
      const auto [begin, end] = share(count, 16);
      elementRange(begin, end, functor);
    }
  }

  /// `width`: elements that a row touches, for the choice of threads.
  template <class Functor> static void rows(int64_t count, int64_t width, Functor functor) {
    if (count == 1 || !worthThreads(count * width))
      return rowRange(0, count, functor);
#pragma omp parallel
    {
      const auto [begin, end] = share(count, 1);
      rowRange(begin, end, functor);
    }
  }

  static void checkIndices(const Node &node, const char *name, const int32_t *values, int64_t count,
                           int64_t low, int64_t high) {
    requireIndices(node, name, values, count, low, high);
  }

private:
  static constexpr int64_t parallelFrom = 16384;

  // The whole team or none: a team that changes its size starts and ends threads.
  static bool worthThreads(int64_t work) { return work >= parallelFrom && omp_get_max_threads() > 1; }

  static std::pair<int64_t, int64_t> share(int64_t count, int64_t multiple) {
    const int64_t units = (count + multiple - 1) / multiple, threads = omp_get_num_threads(),
                  id = omp_get_thread_num();
    return {std::min(count, units * id / threads * multiple),
            std::min(count, units * (id + 1) / threads * multiple)};
  }

  template <class Functor> static void elementRange(int64_t begin, int64_t end, Functor functor) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i)
      functor(i);
  }

  template <class Functor> static void rowRange(int64_t begin, int64_t end, Functor functor) {
    for (int64_t row = begin; row < end; ++row)
      functor(row, SerialLanes{});
  }
};

} // namespace dualpath::cpu
