#pragma once

#include "../engine/program.h"
#include "../engine/store.h"
#include "channel.h"
#include "convert.h"

#include <memory>
#include <napi.h>
#include <set>
#include <vector>

namespace dualpath {

/// The program of a ProgramWrap. A Store that is disposed takes its programs with it.
struct ProgramHandle {
  std::shared_ptr<Program> program;
};

/// What a StoreWrap and its ProgramWraps share. Destroyed on the JavaScript thread; the channel goes first.
struct StoreCore {
  StoreCore(Napi::Env env, const Backend &backend, int threads)
      : store(backend), channel(env, backend, threads) {}
  void requireOpen() const; // Failure DISPOSED

  Store store;
  Channel channel;
  std::vector<std::weak_ptr<ProgramHandle>> programs;
  std::set<std::string> names; // as the caller knows them: jobs that write may still be queued
  bool disposed = false;
};

class StoreWrap : public Napi::ObjectWrap<StoreWrap> {
public:
  static Napi::Function define(Napi::Env env);
  explicit StoreWrap(const Napi::CallbackInfo &info);

private:
  Napi::Value write(const Napi::CallbackInfo &info);
  Napi::Value read(const Napi::CallbackInfo &info);
  Napi::Value has(const Napi::CallbackInfo &info);
  Napi::Value names(const Napi::CallbackInfo &info);
  Napi::Value remove(const Napi::CallbackInfo &info);
  Napi::Value compile(const Napi::CallbackInfo &info);
  Napi::Value dispose(const Napi::CallbackInfo &info);
  Napi::Value threads(const Napi::CallbackInfo &info);

  std::shared_ptr<StoreCore> core_;
};

/// Calls a method body and throws its Failure as a JavaScript error.
template <class Body> Napi::Value throwing(Napi::Env env, Body body) {
  Napi::Value value;
  if (const auto failure = caught([&] { value = body(); }))
    throw errorOf(env, *failure);
  return value;
}

} // namespace dualpath
