#include "../engine/backend.h"
#include "../engine/threads.h"
#include "addon_data.h"
#include "program_wrap.h"
#include "store_wrap.h"

#include <algorithm>

namespace dualpath {
namespace {

Napi::Array arrayOf(Napi::Env env, const std::vector<std::string> &texts) {
  auto list = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); ++i)
    list.Set(i, texts[i]);
  return list;
}

Napi::Value operations(const Napi::CallbackInfo &info) {
  auto names = backend().operations();
  std::sort(names.begin(), names.end());
  return arrayOf(info.Env(), names);
}

Napi::Value devices(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value { return arrayOf(info.Env(), backend().devices()); });
}

Napi::Value versions(const Napi::CallbackInfo &info) {
  auto object = Napi::Object::New(info.Env());
  for (const auto &[name, version] : backend().versions())
    object.Set(name, version);
  return object;
}

/// (precision, device): why products are not computed so there, or an empty text.
Napi::Value precisionGap(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    const auto &chosen = backend().on(info[1].ToNumber().Int32Value());
    return Napi::String::New(info.Env(), chosen.precisionGap(info[0].ToString().Utf8Value()));
  });
}

Napi::Value threadsAvailable(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), availableThreads());
}

/// Threads must have ended before exit() destroys the libraries' static objects, and process.exit() runs no
/// environment hooks: so they end with the process's own "exit" event.
void stopAtExit(Napi::Env env) {
  const auto process = env.Global().Get("process").As<Napi::Object>();
  const auto stop = Napi::Function::New(env, [](const Napi::CallbackInfo &info) {
    for (auto *channel : info.Env().GetInstanceData<AddonData>()->open)
      channel->session().stop();
  });
  process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), stop});
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  if (const auto failure = caught([] { backend(); }))
    throw errorOf(env, *failure);
  auto *data = new AddonData; // owned by the environment
  env.SetInstanceData(data);
  stopAtExit(env);
  const auto store = StoreWrap::define(env), program = ProgramWrap::define(env);
  data->store = Napi::Persistent(store);
  data->program = Napi::Persistent(program);
  exports.Set("kind", backend().kind());
  exports.Set("Store", store);
  exports.Set("operations", Napi::Function::New(env, operations, "operations"));
  exports.Set("devices", Napi::Function::New(env, devices, "devices"));
  exports.Set("versions", Napi::Function::New(env, versions, "versions"));
  exports.Set("precisionGap", Napi::Function::New(env, precisionGap, "precisionGap"));
  exports.Set("threadsAvailable", Napi::Function::New(env, threadsAvailable, "threadsAvailable"));
  return exports;
}

NODE_API_MODULE(dualpath, initialize)

} // namespace
} // namespace dualpath
