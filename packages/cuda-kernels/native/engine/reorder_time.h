#pragma once

#include <chrono>

namespace dualpath {

/// Time that copies between layouts take on this thread, for the profile. A span counts from its making to
/// its end; `take` reads the milliseconds since the last one.
class ReorderTime {
  using Clock = std::chrono::steady_clock;

public:
  class Span {
  public:
    Span() = default;
    Span(const Span &) = delete;
    Span &operator=(const Span &) = delete;
    ~Span() { total() += Clock::now() - begin_; }

  private:
    Clock::time_point begin_ = Clock::now();
  };

  static double take() {
    const auto elapsed = total();
    total() = {};
    return std::chrono::duration<double, std::milli>(elapsed).count();
  }

private:
  static Clock::duration &total() {
    thread_local Clock::duration sum{};
    return sum;
  }
};

} // namespace dualpath
