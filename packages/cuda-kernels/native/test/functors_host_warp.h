#pragma once

#include "../functors/index_range.h"
#include "../functors/lanes.h"

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

namespace dualpath::test {

/// What 32 threads share: a barrier, and two sets of slots used in turn, so that one barrier per exchange is
/// enough.
struct WarpState {
  std::barrier<> barrier{32};
  int64_t slots[2][32];
};

/// The host's stand-in for warp shuffles.
class HostExchange {
public:
  static constexpr int32_t count = 32;
  HostExchange(WarpState &state, int32_t lane, int32_t &turn) : state_(&state), lane_(lane), turn_(&turn) {}

  int32_t lane() const { return lane_; }
  void sync() const { state_->barrier.arrive_and_wait(); }

  template <class T> T exchange(T value, int32_t mask) const {
    auto &slots = state_->slots[ *turn_ ^= 1];
    __builtin_memcpy(&slots[lane_], &value, sizeof value);
    sync();
    T other;
    __builtin_memcpy(&other, &slots[lane_ ^ mask], sizeof other);
    return other;
  }

private:
  WarpState *state_;
  int32_t lane_;
  int32_t *turn_;
};

/// 32 threads that do all rows together.
inline void runWarp(int64_t rows, const std::function<void(int64_t, HostExchange)> &work) {
  WarpState state;
  std::vector<std::jthread> threads;
  for (int32_t lane = 0; lane < 32; ++lane)
    threads.emplace_back([&, lane] {
      int32_t turn = 0;
      for (int64_t row = 0; row < rows; ++row)
        work(row, HostExchange{state, lane, turn});
    });
}

/// Launches functors the way a device does: elements in no order worth relying on, rows by warps of 32
/// threads that run the lane-strided device code.
struct HostWarp {
  static constexpr bool serialSort = false;

  template <class Functor> static void elements(int64_t count, Functor functor) {
    for (int64_t i = count - 1; i >= 0; --i)
      functor(i);
  }

  template <class Functor> static void rows(int64_t count, int64_t, Functor functor) {
    runWarp(count, [&functor](int64_t row, HostExchange exchange) {
      functor(row, WarpLanes<HostExchange>{exchange});
    });
  }

  static void checkIndices(const Node &node, const char *name, const int32_t *values, int64_t count,
                           int64_t low, int64_t high) {
    requireIndices(node, name, values, count, low, high);
  }
};

} // namespace dualpath::test
