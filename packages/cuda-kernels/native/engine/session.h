#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace dualpath {

class Backend;

/// The one thread of a Store: it owns device, handles and thread pool. Jobs run first in, first out.
class Session {
public:
  Session(const Backend &backend, int threads);
  ~Session(); // stop()

  using Job = std::function<void()>;
  void post(Job job); // a job must not throw; after stop() it is dropped
  /// Drops what is queued, asks the running job to end at its next node, and joins. May be called twice.
  void stop();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  int threads() const { return threads_; }

private:
  void loop(const Backend &backend);

  const int threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Stops every session that still lives. Runs at exit(), for processes that leave without telling their
/// sessions.
void stopAllSessions();

} // namespace dualpath
