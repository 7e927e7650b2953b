#pragma once

#include "pack.h"
#include "pixel.h"

namespace dualpath {

/// What every kind of lanes offers to a row functor, on top of `each`, `columns` and `reduce`. Indices are
/// relative to the row; all lanes receive the result of a reduction.
template <class Self> struct LanesBase {
  template <class Map> HD float sum(int64_t count, Map map) const {
    return self().reduce(count, 0.0f, Add{}, map);
  }
  template <class Map> HD float maximum(int64_t count, Map map) const {
    return self().reduce(count, -math::infinity(), Maximum{}, map);
  }
  template <class Map> HD int32_t maximumKey(int64_t count, Map map) const {
    return self().reduce(count, -2147483647 - 1, Maximum{}, map);
  }
  /// How many indices satisfy the predicate.
  template <class Predicate> HD int32_t count(int64_t count, Predicate predicate) const {
    return self().reduce(count, int32_t{0}, Add{}, [&](int64_t i) { return predicate(i) ? 1 : 0; });
  }
  /// The lowest index that satisfies the predicate, or `count`.
  template <class Predicate> HD int32_t lowest(int64_t count, Predicate predicate) const {
    const auto none = static_cast<int32_t>(count);
    return self().reduce(count, none, Minimum{},
                         [&](int64_t i) { return predicate(i) ? static_cast<int32_t>(i) : none; });
  }

private:
  HD const Self &self() const { return static_cast<const Self &>(*this); }
};

#if !defined(__CUDACC__)

/// The CPU: one thread does the whole row in vector registers. A reduction keeps 16 partial results, element
/// i in partial i mod 16, in blocks of 256, and folds them in a fixed order, so it does not depend on the
/// register width.
struct SerialLanes : LanesBase<SerialLanes> {
  HD bool leader() const { return true; }
  HD void sync() const {}

  // 32-bit counters: where work compares its index with an int32_t, a 64-bit one would halve the vector
  // width.
  template <class Work> HD void each(int64_t count, Work work) const {
    const auto size = static_cast<int32_t>(count);
#pragma omp simd
    for (int32_t i = 0; i < size; ++i)
      work(i);
  }

  /// work(column, pack) for packs of neighbouring columns.
  template <class Work> HD void columns(int64_t count, Work work) const {
    int64_t column = 0;
    for (; column + WidePack::width <= count; column += WidePack::width)
      work(column, WidePack{});
    for (; column < count; ++column)
      work(column, ScalarPack{});
  }

  /// work(prepare(row), column, pack) over a small matrix whose columns are neighbours in memory.
  template <class PrepareRow, class Work>
  HD void grid(int64_t rows, int64_t columnCount, PrepareRow prepare, Work work) const {
    for (int64_t row = 0; row < rows; ++row) {
      const auto prepared = prepare(row);
      columns(columnCount, [&](int64_t column, auto pack) { work(prepared, column, pack); });
    }
  }

  /// work(i, pixel) for pixels of three channels.
  template <class Work> HD void pixels(int64_t count, Work work) const {
    const auto size = static_cast<int32_t>(count);
    for (int32_t i = 0; i < size; ++i)
      work(i, WidePixel{});
  }

  template <class T, class Combine, class Map>
  HD T reduce(int64_t count, T identity, Combine combine, Map map) const {
    constexpr int32_t partials = 16, block = 256;
    const auto end = static_cast<int32_t>(count);
    alignas(64) T total[partials];
    for (auto &value : total)
      value = identity;
    for (int32_t begin = 0; begin < end; begin += block) {
      const int32_t size = math::minimum(block, end - begin);
      alignas(64) T values[block];
#pragma omp simd
      for (int32_t i = 0; i < size; ++i)
        values[i] = map(begin + i);
      for (int32_t i = size; i % partials; ++i)
        values[i] = identity;
      foldBlock(values, size, total, combine);
    }
    for (int32_t half = partials / 2; half; half /= 2)
      for (int32_t i = 0; i < half; ++i)
        total[i] = combine(total[i], total[i + half]);
    return total[0];
  }

private:
  template <class T, class Combine>
  static HD void foldBlock(const T *values, int32_t size, T *total, Combine combine) {
    for (int32_t lane = 0; lane < 16; lane += WidePack::width) {
      auto partial = WidePack::load(values + lane);
      for (int32_t i = 16; i < size; i += 16)
        partial = combine(partial, WidePack::load(values + i + lane));
      WidePack::store(total + lane, combine(WidePack::load(total + lane), partial));
    }
  }
};

#endif

/// The device: lane-strided loops and a butterfly over the lanes. Exchange is the warp shuffle in CUDA, and a
/// barrier with a shared array in the host warp of the tests: lane(), exchange(value, mask), sync(), static
/// count.
template <class Exchange> struct WarpLanes : LanesBase<WarpLanes<Exchange>> {
  Exchange exchange;

  HD explicit WarpLanes(Exchange exchange) : exchange(exchange) {}
  HD bool leader() const { return exchange.lane() == 0; }
  HD void sync() const { exchange.sync(); }

  template <class Work> HD void each(int64_t count, Work work) const {
    for (int64_t i = exchange.lane(); i < count; i += Exchange::count)
      work(i);
  }

  template <class Work> HD void columns(int64_t count, Work work) const {
    each(count, [&](int64_t column) { work(column, ScalarPack{}); });
  }

  template <class Work> HD void pixels(int64_t count, Work work) const {
    each(count, [&](int64_t i) { work(static_cast<int32_t>(i), ScalarPixel{}); });
  }

  template <class PrepareRow, class Work>
  HD void grid(int64_t rows, int64_t columnCount, PrepareRow prepare, Work work) const {
    const auto divisor = static_cast<uint32_t>(columnCount);
    each(rows * columnCount, [&](int64_t i) {
      const auto index = static_cast<uint32_t>(i);
      work(prepare(int64_t{index / divisor}), int64_t{index % divisor}, ScalarPack{});
    });
  }

  template <class T, class Combine, class Map>
  HD T reduce(int64_t count, T identity, Combine combine, Map map) const {
    T total = identity;
    for (int64_t i = exchange.lane(); i < count; i += Exchange::count)
      total = combine(total, static_cast<T>(map(i)));
    for (int32_t mask = Exchange::count / 2; mask; mask /= 2)
      total = combine(total, exchange.exchange(total, mask));
    return total;
  }
};

} // namespace dualpath
