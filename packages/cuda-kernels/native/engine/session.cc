#include "session.h"

#include "backend.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace dualpath {
namespace {

/// Never destroyed: exit() may still have threads that look at it.
struct Living {
  std::mutex mutex;
  std::vector<Session *> sessions;
};

Living &living() {
  static auto *all = new Living;
  return *all;
}

void enroll(Session *session) {
  static const int registered = std::atexit(stopAllSessions);
  (void)registered;
  std::lock_guard lock(living().mutex);
  living().sessions.push_back(session);
}

} // namespace

Session::Session(const Backend &backend, int threads)
    : threads_(threads), thread_([this, &backend] { loop(backend); }) {
  enroll(this);
}

Session::~Session() {
  stop();
  std::lock_guard lock(living().mutex);
  std::erase(living().sessions, this);
}

void Session::post(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping())
      return;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Session::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
  jobs_.clear();
}

void Session::loop(const Backend &backend) {
  backend.enter(threads_);
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping() || !jobs_.empty(); });
      if (stopping())
        return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

void stopAllSessions() {
  std::lock_guard lock(living().mutex);
  for (auto *session : living().sessions)
    session->stop();
}

} // namespace dualpath
