#pragma once

#include "store_wrap.h"

namespace dualpath {

/// Tells V8 of memory it cannot see, so that forgotten programs are collected. Symmetric by construction.
class ExternalMemory {
public:
  ExternalMemory(Napi::Env env, size_t bytes);
  ~ExternalMemory();
  ExternalMemory(const ExternalMemory &) = delete;
  ExternalMemory &operator=(const ExternalMemory &) = delete;

private:
  Napi::Env env_;
  int64_t bytes_;
};

class ProgramWrap : public Napi::ObjectWrap<ProgramWrap> {
public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, std::shared_ptr<StoreCore> core,
                             std::shared_ptr<ProgramHandle> handle);
  explicit ProgramWrap(const Napi::CallbackInfo &info);
  ~ProgramWrap() override;

private:
  Napi::Value step(const Napi::CallbackInfo &info);
  Napi::Value profile(const Napi::CallbackInfo &info);
  Napi::Value describe(const Napi::CallbackInfo &info);
  Napi::Value dispose(const Napi::CallbackInfo &info);

  Program &program() const; // Failure DISPOSED
  Staging stage(const Napi::CallbackInfo &info) const;
  /// Gives the program to the session thread, which destroys it after what is queued.
  std::shared_ptr<ProgramHandle> surrender();

  std::shared_ptr<StoreCore> core_;
  std::shared_ptr<ProgramHandle> handle_;
  std::unique_ptr<ExternalMemory> reported_;
};

} // namespace dualpath
