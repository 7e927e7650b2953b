#include "program_wrap.h"

#include "addon_data.h"

#include <algorithm>

namespace dualpath {
namespace {

void adjustExternalMemory(Napi::Env env, int64_t change) {
  constexpr int64_t chunk = int64_t{512} << 20; // larger single changes were seen to upset V8's heuristics
  while (change != 0) {
    const auto part = std::clamp(change, -chunk, chunk);
    Napi::MemoryManagement::AdjustExternalMemory(env, part);
    change -= part;
  }
}

/// Arguments of the constructor, which JavaScript never calls.
struct Parts {
  std::shared_ptr<StoreCore> core;
  std::shared_ptr<ProgramHandle> handle;
};

} // namespace

ExternalMemory::ExternalMemory(Napi::Env env, size_t bytes) : env_(env), bytes_(static_cast<int64_t>(bytes)) {
  adjustExternalMemory(env_, bytes_);
}

ExternalMemory::~ExternalMemory() { adjustExternalMemory(env_, -bytes_); }

Napi::Function ProgramWrap::define(Napi::Env env) {
  return DefineClass(
      env, "NativeProgram",
      {InstanceMethod<&ProgramWrap::step>("step"), InstanceMethod<&ProgramWrap::profile>("profile"),
       InstanceMethod<&ProgramWrap::describe>("describe"), InstanceMethod<&ProgramWrap::dispose>("dispose")});
}

Napi::Object ProgramWrap::create(Napi::Env env, std::shared_ptr<StoreCore> core,
                                 std::shared_ptr<ProgramHandle> handle) {
  Parts parts{std::move(core), std::move(handle)};
  return env.GetInstanceData<AddonData>()->program.New({Napi::External<Parts>::New(env, &parts)});
}

ProgramWrap::ProgramWrap(const Napi::CallbackInfo &info) : Napi::ObjectWrap<ProgramWrap>(info) {
  if (!info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "NativeProgram: expected Store.compile to make it");
  const auto *parts = info[0].As<Napi::External<Parts>>().Data();
  core_ = parts->core;
  handle_ = parts->handle;
  const auto description = handle_->program->describe();
  reported_ = std::make_unique<ExternalMemory>(info.Env(), description.arenaBytes + description.scratchBytes);
}

ProgramWrap::~ProgramWrap() {
  if (handle_ && !core_->channel.closed())
    core_->channel.enqueue([handle = surrender()] { handle->program.reset(); });
}

std::shared_ptr<ProgramHandle> ProgramWrap::surrender() {
  reported_.reset();
  return std::move(handle_);
}

Program &ProgramWrap::program() const {
  core_->requireOpen();
  if (!handle_)
    throw Failure(Code::Disposed, "program: expected an open one, got one that was disposed");
  return *handle_->program;
}

Staging ProgramWrap::stage(const Napi::CallbackInfo &info) const {
  const auto scalars = viewOf(info[1]);
  return program().stage(viewsOf(info[0]), scalars.data, scalars.bytes);
}

Napi::Value ProgramWrap::step(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    const auto staging = stage(info);
    const auto taps = std::make_shared<std::vector<Array>>();
    auto &session = core_->channel.session();
    return core_->channel.run(
        Value(),
        [handle = handle_, &session, staging, taps] {
          *taps = handle->program->step(staging, [&session] { return session.stopping(); });
        },
        [taps](Napi::Env env) {
          auto list = Napi::Array::New(env, taps->size());
          for (uint32_t i = 0; i < taps->size(); ++i)
            list.Set(i, typedArrayOf(env, (*taps)[i]));
          return list;
        });
  });
}

Napi::Value ProgramWrap::profile(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    const auto staging = stage(info);
    const auto times = std::make_shared<std::vector<NodeTime>>();
    auto &session = core_->channel.session();
    return core_->channel.run(
        Value(),
        [handle = handle_, &session, staging, times] {
          *times = handle->program->profile(staging, [&session] { return session.stopping(); });
        },
        [times](Napi::Env env) {
          auto list = Napi::Array::New(env, times->size());
          for (uint32_t i = 0; i < times->size(); ++i) {
            auto row = Napi::Object::New(env);
            row.Set("name", (*times)[i].name);
            row.Set("milliseconds", (*times)[i].milliseconds);
            row.Set("reorderMilliseconds", (*times)[i].reorderMilliseconds);
            list.Set(i, row);
          }
          return list;
        });
  });
}

Napi::Value ProgramWrap::describe(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value { return objectOf(info.Env(), program().describe()); });
}

Napi::Value ProgramWrap::dispose(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    program();
    return core_->channel.run(
        Value(), [handle = surrender()] { handle->program.reset(); },
        [](Napi::Env env) { return env.Undefined(); });
  });
}

} // namespace dualpath
