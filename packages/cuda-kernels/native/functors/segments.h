#pragma once

#include "checks.h"
#include "lanes.h"

#include <algorithm>

namespace dualpath::functors {

/// The place of each position in a stable order by key: how many positions come before it. For machines with
/// thousands of threads; a row is a position.
struct StableRank {
  const int32_t *keys;
  int32_t *order, *sorted;
  int64_t count;

  template <class Lanes> HD void operator()(int64_t position, Lanes lanes) const {
    const int32_t key = keys[position];
    const int32_t rank =
        lanes.count(count, [&](int64_t i) { return (keys[i] < key) | ((keys[i] == key) & (i < position)); });
    if (lanes.leader()) {
      order[rank] = static_cast<int32_t>(position);
      sorted[rank] = key;
    }
  }
};

/// Adds up the rows of dy that share a key, in their order: row r of the result takes key r + firstKey. No
/// atomics, and the same bits for any number of threads.
template <class T> struct SegmentSum {
  const T *dy;
  const int32_t *order, *sorted;
  float *dx;
  int64_t count, width;
  int32_t firstKey;

  HD int64_t lowerBound(int32_t key) const {
    int64_t low = 0, high = count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (sorted[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int32_t key = static_cast<int32_t>(row) + firstKey;
    float *target = dx + row * width;
    lanes.each(width, [=](int64_t i) { target[i] = 0.0f; });
    for (int64_t place = lowerBound(key); place < count && sorted[place] == key; ++place) {
      const T *source = dy + order[place] * width;
      lanes.each(width, [=](int64_t i) { target[i] += source[i]; });
    }
  }
};

/// Counting sort, for one thread. `starts` has room for `keyCount` + 1 numbers.
inline void countingSort(const int32_t *keys, int64_t count, int64_t keyCount, int32_t *starts,
                         int32_t *order, int32_t *sorted) {
  std::fill(starts, starts + keyCount + 1, 0);
  for (int64_t i = 0; i < count; ++i)
    ++starts[keys[i] + 1];
  for (int64_t key = 0; key < keyCount; ++key)
    starts[key + 1] += starts[key];
  for (int64_t i = 0; i < count; ++i) {
    const int32_t place = starts[keys[i]]++;
    order[place] = static_cast<int32_t>(i);
    sorted[place] = keys[i];
  }
}

/// dx[rows, width], where row r adds up the rows of dy whose index is r + firstKey.
template <class Backend, class T>
Kernel segmentSum(const Node &node, const Tensor *index, const Tensor *dy, const Tensor *dx,
                  int32_t firstKey) {
  const int64_t count = index->count(), rows = dx->shape[0], width = dx->shape[1], keyCount = rows + firstKey;
  const size_t list = scratchBytes(count, sizeof(int32_t));
  return kernel(2 * list + scratchBytes(keyCount + 1, sizeof(int32_t)), [=, &node](std::byte *scratch) {
    auto *order = reinterpret_cast<int32_t *>(scratch), *sorted = reinterpret_cast<int32_t *>(scratch + list);
    const auto *keys = index->as<int32_t>();
    Backend::checkIndices(node, "index", keys, count, 0, keyCount - 1);
    if constexpr (Backend::serialSort)
      countingSort(keys, count, keyCount, reinterpret_cast<int32_t *>(scratch + 2 * list), order, sorted);
    else
      Backend::rows(count, count, StableRank{keys, order, sorted, count});
    Backend::rows(rows, width,
                  SegmentSum<T>{dy->as<T>(), order, sorted, dx->as<float>(), count, width, firstKey});
  });
}

} // namespace dualpath::functors
