#include "channel.h"

#include "../engine/backend.h"
#include "addon_data.h"
#include "convert.h"

#include <new>

namespace dualpath {

struct Channel::Pending {
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference owner;
  Work work;
  Finish finish;
  std::optional<Failure> failure;
};

namespace {

void check(napi_status status, const char *what) {
  if (status != napi_ok)
    throw Failure(Code::Internal,
                  std::string(what) + ": expected success, got Node-API status " + std::to_string(status));
}

} // namespace

std::optional<Failure> caught(const std::function<void()> &work) {
  try {
    work();
    return {};
  } catch (const Failure &failure) {
    return failure;
  } catch (const std::bad_alloc &) {
    return Failure(Code::OutOfMemory, "memory: expected room on the heap, got none");
  } catch (const std::exception &error) {
    return Failure(Code::Internal, std::string("native code: expected no exception, got ") + error.what());
  }
}

Channel::Channel(Napi::Env env, const Backend &backend, int threads) : env_(env), session_(backend, threads) {
  check(napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "dualpath"), 0, 1,
                                        nullptr, nullptr, this, settle, &function_),
        "threadsafe function");
  check(napi_unref_threadsafe_function(env, function_), "threadsafe function");
  // Hooks run last in, first out: this one joins the thread before the function's own hook takes it down.
  check(napi_add_env_cleanup_hook(env, atEnvironmentEnd, this), "cleanup hook");
  env.GetInstanceData<AddonData>()->open.insert(this);
}

Napi::Promise Channel::run(const Napi::Object &owner, Work work, Finish finish) {
  auto deferred = Napi::Promise::Deferred::New(env_);
  auto *pending = new Pending{deferred, Napi::Persistent(owner), std::move(work), std::move(finish), {}};
  hold(pending);
  session_.post([this, pending] {
    pending->failure = caught(pending->work);
    napi_call_threadsafe_function(function_, pending, napi_tsfn_nonblocking);
  });
  return deferred.Promise();
}

void Channel::enqueue(Work work) { session_.post(std::move(work)); }

void Channel::settle(napi_env raw, napi_value, void *self, void *data) {
  auto *pending = static_cast<Pending *>(data);
  if (!raw) // the environment is going down; dropPending() has it
    return;
  const Napi::Env env(raw);
  const Napi::HandleScope scope(env);
  static_cast<Channel *>(self)->release(pending);
  const std::unique_ptr<Pending> owned(pending);
  try {
    auto failure = pending->failure;
    Napi::Value value;
    if (!failure)
      failure = caught([&] { value = pending->finish(env); });
    if (failure)
      pending->deferred.Reject(errorOf(env, *failure).Value());
    else
      pending->deferred.Resolve(value);
  } catch (const Napi::Error &error) {
    pending->deferred.Reject(error.Value());
  }
}

void Channel::hold(Pending *pending) {
  if (pending_.empty())
    napi_ref_threadsafe_function(env_, function_);
  pending_.insert(pending);
}

void Channel::release(Pending *pending) {
  pending_.erase(pending);
  if (pending_.empty() && function_)
    napi_unref_threadsafe_function(env_, function_);
}

void Channel::dropPending() {
  for (auto *pending : pending_)
    delete pending;
  pending_.clear();
}

void Channel::atEnvironmentEnd(void *data) {
  auto *channel = static_cast<Channel *>(data);
  channel->session_.stop();
  channel->function_ = nullptr; // the environment finalizes it
  channel->dropPending();
}

void Channel::close() {
  if (closed())
    return;
  session_.stop();
  Napi::Env(env_).GetInstanceData<AddonData>()->open.erase(this);
  napi_remove_env_cleanup_hook(env_, atEnvironmentEnd, this);
  napi_release_threadsafe_function(function_, napi_tsfn_release);
  function_ = nullptr;
  dropPending();
}

} // namespace dualpath
