#pragma once

#include "checks.h"
#include "lanes.h"

#include <algorithm>

namespace dualpath::functors {

/// How many similarities of a row lie above its threshold, and how many equal it. Both counts share a word,
/// in chunks small enough that they cannot meet, so that the row is read once.
struct CountGreater {
  static constexpr int64_t chunk = 32768;

  const float *similarity, *threshold;
  int32_t *greater, *equal;
  int64_t columns;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *s = similarity + row * columns;
    const float limit = threshold[row];
    int32_t above = 0, same = 0;
    for (int64_t begin = 0; begin < columns; begin += chunk) {
      const float *values = s + begin;
      const auto both = static_cast<uint32_t>(
          lanes.reduce(math::minimum(chunk, columns - begin), int32_t{0}, Add{}, [=](int64_t i) {
            return (values[i] > limit ? 1 : 0) + (values[i] == limit ? 65536 : 0);
          }));
      above += static_cast<int32_t>(both & 65535u);
      same += static_cast<int32_t>(both >> 16);
    }
    if (lanes.leader()) {
      greater[row] = above;
      equal[row] = same;
    }
  }
};

/// What TopK remembers of a chunk of columns: its largest key not yet taken, and the last taken key and
/// place.
struct ChunkState {
  int32_t best, takenKey, takenPlace;
};

/// The k largest of a row in order, ties by lowest index. The row is read once for the maxima of its chunks;
/// then each result is found in the one chunk that holds it.
struct TopK {
  static constexpr int64_t chunk = 256;

  const float *similarity;
  float *values;
  int32_t *index;
  ChunkState *states;
  int64_t columns, k;

  HD int64_t chunks() const { return (columns + chunk - 1) / chunk; }

  /// Keys order as the floats do; -0 equals 0, and NaN comes last, yet before "taken".
  static HD int32_t key(float value) {
    constexpr int32_t last = -2147483647;
    const int32_t word = math::bits(value + 0.0f);
    const int32_t ordered = word ^ ((word >> 31) & 0x7fffffff);
    return value == value ? ordered : last;
  }

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const float *s = similarity + row * columns;
    ChunkState *state = states + row * chunks();
    for (int64_t c = 0; c < chunks(); ++c)
      refresh(s, state, c, {0, 2147483647, -1}, lanes);
    for (int64_t rank = 0; rank < k; ++rank) {
      lanes.sync();
      const int32_t best = lanes.maximumKey(chunks(), [=](int64_t c) { return state[c].best; });
      const int32_t from = lanes.lowest(chunks(), [=](int64_t c) { return state[c].best == best; });
      const ChunkState taken = state[from];
      const float *values = s + from * chunk;
      const int32_t place = lanes.lowest(sizeOf(from), [=](int64_t i) {
        const bool open = (best < taken.takenKey) | (static_cast<int32_t>(i) > taken.takenPlace);
        return open & (key(values[i]) == best);
      });
      if (lanes.leader()) {
        this->values[row * k + rank] = values[place];
        index[row * k + rank] = static_cast<int32_t>(from * chunk) + place;
      }
      refresh(s, state, from, {0, best, place}, lanes);
    }
  }

private:
  HD int64_t sizeOf(int64_t c) const { return math::minimum(chunk, columns - c * chunk); }

  /// Finds the largest key of a chunk after the taken one, and stores it with the taken one.
  template <class Lanes>
  HD void refresh(const float *s, ChunkState *state, int64_t c, ChunkState taken, Lanes lanes) const {
    const float *values = s + c * chunk;
    taken.best = lanes.maximumKey(sizeOf(c), [=](int64_t i) {
      const int32_t candidate = key(values[i]);
      const bool open = (candidate < taken.takenKey) |
                        ((candidate == taken.takenKey) & (static_cast<int32_t>(i) > taken.takenPlace));
      return open ? candidate : (-2147483647 - 1);
    });
    lanes.sync();
    if (lanes.leader())
      state[c] = taken;
  }
};

template <class Backend> Kernel countGreater(const Node &node) {
  const auto *similarity = input(node, 0, "similarity"), *threshold = input(node, 1, "threshold");
  const auto *greater = output(node, 0, "greater", DType::I32), *equal = output(node, 1, "equal", DType::I32);
  requireRank(node, "similarity", similarity, 2);
  requireShape(node, "threshold", {similarity->shape[0]}, threshold->shape);
  requireSame(node, "greater", threshold, greater);
  requireSame(node, "equal", threshold, equal);
  return kernel([=, rows = similarity->shape[0], columns = similarity->shape[1]] {
    Backend::rows(rows, columns,
                  CountGreater{similarity->as<float>(), threshold->as<float>(), greater->as<int32_t>(),
                               equal->as<int32_t>(), columns});
  });
}

template <class Backend> Kernel topk(const Node &node) {
  const auto *similarity = input(node, 0, "similarity");
  const auto *values = output(node, 0, "values"), *index = output(node, 1, "index", DType::I32);
  requireRank(node, "similarity", similarity, 2);
  const int64_t rows = similarity->shape[0], columns = similarity->shape[1];
  const int64_t k = integerIn(node, "k", 1, std::min<int64_t>(1024, columns));
  requireShape(node, "values", {rows, k}, values->shape);
  requireSame(node, "index", values, index);
  const int64_t chunks = (columns + TopK::chunk - 1) / TopK::chunk;
  return kernel(scratchBytes(rows * chunks, sizeof(ChunkState)), [=](std::byte *scratch) {
    Backend::rows(rows, columns,
                  TopK{similarity->as<float>(), values->as<float>(), index->as<int32_t>(),
                       reinterpret_cast<ChunkState *>(scratch), columns, k});
  });
}

} // namespace dualpath::functors
