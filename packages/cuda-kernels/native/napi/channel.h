#pragma once

#include "../engine/failure.h"
#include "../engine/session.h"

#include <functional>
#include <napi.h>
#include <optional>
#include <unordered_set>

namespace dualpath {

class Backend;

/// Runs work on the session thread and settles promises on the JavaScript thread, through one threadsafe
/// function that keeps Node alive only while a promise is pending. Constructed, used and closed on the
/// JavaScript thread.
class Channel {
public:
  Channel(Napi::Env env, const Backend &backend, int threads);
  ~Channel() { close(); }
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;

  using Work = std::function<void()>;                       // session thread; may throw
  using Finish = std::function<Napi::Value(Napi::Env env)>; // JavaScript thread, once the work has succeeded
  /// `owner` stays reachable until the promise settles.
  Napi::Promise run(const Napi::Object &owner, Work work, Finish finish);
  /// Work that nobody waits for; it does not keep Node alive and must not throw.
  void enqueue(Work work);

  Session &session() { return session_; }
  bool closed() const { return function_ == nullptr; }
  /// Joins the session thread and lets the environment go. Promises that are still pending never settle.
  void close();

private:
  struct Pending;
  static void settle(napi_env env, napi_value, void *channel, void *pending);
  static void atEnvironmentEnd(void *channel);
  void dropPending();
  void hold(Pending *pending);
  void release(Pending *pending);

  napi_env env_;
  Session session_;
  napi_threadsafe_function function_ = nullptr;
  std::unordered_set<Pending *> pending_;
};

/// Turns whatever native code throws into the Failure that it is or stands for.
std::optional<Failure> caught(const std::function<void()> &work);

} // namespace dualpath
