#include "store_wrap.h"

#include "../engine/backend.h"
#include "program_wrap.h"

#include <algorithm>

namespace dualpath {
namespace {

Napi::Value undefined(Napi::Env env) { return env.Undefined(); }

/// What is needed to write a value once its turn comes.
struct Write {
  std::string name;
  std::vector<int64_t> shape;
  DType dtype;
  std::vector<std::byte> data;
};

std::shared_ptr<Write> writeOf(const Napi::CallbackInfo &info) {
  const auto view = viewOf(info[3]);
  auto write = std::make_shared<Write>();
  write->name = info[0].ToString().Utf8Value();
  write->shape = shapeOf(info[1]);
  write->dtype = dtypeNamed(info[2].ToString().Utf8Value());
  const auto what = "store value '" + write->name + "': ";
  if (view.dtype != write->dtype)
    throw Failure(Code::DType,
                  what + "array: expected " + dtypeName(write->dtype) + ", got " + dtypeName(view.dtype));
  const Tensor tensor{write->name, write->shape, write->dtype};
  if (view.bytes != tensor.bytes() || tensor.count() == 0)
    throw Failure(Code::Shape, what + "array: expected " + std::to_string(tensor.count()) + " elements of " +
                                   printShape(write->shape) + ", got " +
                                   std::to_string(view.bytes / sizeOf(view.dtype)));
  write->data.assign(view.data, view.data + view.bytes);
  return write;
}

Array copyOf(const Store &store, const std::string &name) {
  const auto &tensor = store.require(name)->tensor;
  Array array{tensor.name, tensor.shape, tensor.dtype, std::vector<std::byte>(tensor.bytes())};
  store.backend().download(array.data.data(), tensor.data, array.data.size());
  return array;
}

Napi::Value valueOf(Napi::Env env, const Array &array) {
  auto object = Napi::Object::New(env);
  auto shape = Napi::Array::New(env, array.shape.size());
  for (uint32_t i = 0; i < array.shape.size(); ++i)
    shape.Set(i, static_cast<double>(array.shape[i]));
  object.Set("shape", shape);
  object.Set("dtype", dtypeName(array.dtype));
  object.Set("data", typedArrayOf(env, array));
  return object;
}

} // namespace

void StoreCore::requireOpen() const {
  if (disposed)
    throw Failure(Code::Disposed, "store: expected an open one, got one that was disposed");
}

Napi::Function StoreWrap::define(Napi::Env env) {
  return DefineClass(
      env, "NativeStore",
      {InstanceMethod<&StoreWrap::write>("write"), InstanceMethod<&StoreWrap::read>("read"),
       InstanceMethod<&StoreWrap::has>("has"), InstanceMethod<&StoreWrap::names>("names"),
       InstanceMethod<&StoreWrap::remove>("remove"), InstanceMethod<&StoreWrap::compile>("compile"),
       InstanceMethod<&StoreWrap::dispose>("dispose"), InstanceAccessor<&StoreWrap::threads>("threads")});
}

StoreWrap::StoreWrap(const Napi::CallbackInfo &info) : Napi::ObjectWrap<StoreWrap>(info) {
  throwing(info.Env(), [&] {
    const int threads = info[0].ToNumber().Int32Value();
    if (threads < 1)
      throw Failure(Code::Device, "store: threads: expected at least 1, got " + std::to_string(threads));
    const int device = info[1].IsNumber() ? info[1].ToNumber().Int32Value() : 0;
    core_ = std::make_shared<StoreCore>(info.Env(), backend().on(device), threads);
    return undefined(info.Env());
  });
}

Napi::Value StoreWrap::write(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    core_->requireOpen();
    const auto write = writeOf(info);
    core_->names.insert(write->name);
    auto &store = core_->store;
    return core_->channel.run(
        Value(),
        [&store, write] { store.write(write->name, write->shape, write->dtype, write->data.data()); },
        undefined);
  });
}

Napi::Value StoreWrap::read(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    core_->requireOpen();
    const auto name = info[0].ToString().Utf8Value();
    const auto array = std::make_shared<Array>();
    auto &store = core_->store;
    return core_->channel.run(
        Value(), [&store, name, array] { *array = copyOf(store, name); },
        [array](Napi::Env env) { return valueOf(env, *array); });
  });
}

Napi::Value StoreWrap::has(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), core_->names.count(info[0].ToString().Utf8Value()) > 0);
}

Napi::Value StoreWrap::names(const Napi::CallbackInfo &info) {
  auto list = Napi::Array::New(info.Env(), core_->names.size());
  uint32_t at = 0;
  for (const auto &name : core_->names)
    list.Set(at++, name);
  return list;
}

Napi::Value StoreWrap::remove(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    core_->requireOpen();
    const auto name = info[0].ToString().Utf8Value();
    core_->names.erase(name);
    auto &store = core_->store;
    return core_->channel.run(
        Value(), [&store, name] { store.remove(name); }, undefined);
  });
}

Napi::Value StoreWrap::compile(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    core_->requireOpen();
    const auto plan = std::make_shared<Plan>(planOf(info[0].As<Napi::Object>()));
    const auto handle = std::make_shared<ProgramHandle>();
    auto &programs = core_->programs;
    std::erase_if(programs, [](const auto &program) { return program.expired(); });
    programs.push_back(handle);
    auto &store = core_->store;
    auto &session = core_->channel.session();
    return core_->channel.run(
        Value(),
        [&store, &session, plan, handle] {
          handle->program =
              std::make_shared<Program>(store, std::move(*plan), [&session] { return session.stopping(); });
        },
        [core = core_, handle](Napi::Env env) { return ProgramWrap::create(env, core, handle); });
  });
}

Napi::Value StoreWrap::dispose(const Napi::CallbackInfo &info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    core_->requireOpen();
    core_->disposed = true;
    core_->names.clear();
    auto *core = core_.get();
    return core->channel.run(
        Value(),
        [core] {
          for (const auto &program : core->programs)
            if (const auto handle = program.lock())
              handle->program.reset();
          core->store.clear();
        },
        [core](Napi::Env env) {
          core->channel.close();
          return env.Undefined();
        });
  });
}

Napi::Value StoreWrap::threads(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), core_->channel.session().threads());
}

} // namespace dualpath
