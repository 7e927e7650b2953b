#include "convert.h"

#include "../engine/failure.h"

#include <cstring>

namespace dualpath {
namespace {

[[noreturn]] void refuse(const std::string &what, const std::string &expected) {
  throw Failure(Code::PlanInvalid, what + ": expected " + expected + ", got something else",
                {{"what", what}});
}

size_t indexOf(const Napi::Value &value, const std::string &what) {
  if (!value.IsNumber() || value.As<Napi::Number>().DoubleValue() < 0)
    refuse(what, "a number that is not negative");
  return static_cast<size_t>(value.As<Napi::Number>().Int64Value());
}

std::string textOf(const Napi::Value &value, const std::string &what) {
  if (!value.IsString())
    refuse(what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

template <class Visit> void each(const Napi::Value &value, const std::string &what, Visit visit) {
  if (!value.IsArray())
    refuse(what, "an array");
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i)
    visit(array.Get(i));
}

std::vector<size_t> indicesOf(const Napi::Value &value, const std::string &what) {
  std::vector<size_t> list;
  each(value, what, [&](const Napi::Value &item) { list.push_back(indexOf(item, what)); });
  return list;
}

Place placeOf(const Napi::Object &object) {
  const auto kind = textOf(object.Get("kind"), "place.kind");
  if (kind == "feed")
    return {PlaceKind::Feed, 0};
  if (kind == "store")
    return {PlaceKind::Store, 0};
  if (kind == "scalar")
    return {PlaceKind::Scalar, indexOf(object.Get("index"), "place.index")};
  if (kind == "arena")
    return {PlaceKind::Arena, indexOf(object.Get("offset"), "place.offset")};
  refuse("place.kind", "feed, store, scalar or arena");
}

Attribute attributeOf(const Napi::Value &value, const std::string &key) {
  if (value.IsNumber())
    return value.As<Napi::Number>().DoubleValue();
  if (value.IsBoolean())
    return value.As<Napi::Boolean>().Value();
  if (value.IsString())
    return value.As<Napi::String>().Utf8Value();
  std::vector<double> list;
  each(value, "attribute '" + key + "'",
       [&](const Napi::Value &item) { list.push_back(item.ToNumber().DoubleValue()); });
  return list;
}

Attributes attributesOf(const Napi::Object &object) {
  std::map<std::string, Attribute> values;
  const auto keys = object.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const auto key = keys.Get(i).As<Napi::String>().Utf8Value();
    values[key] = attributeOf(object.Get(key), key);
  }
  return Attributes(std::move(values));
}

PlanValue valueOf(const Napi::Object &object) {
  return {textOf(object.Get("name"), "value name"), shapeOf(object.Get("shape")),
          dtypeNamed(textOf(object.Get("dtype"), "value dtype")),
          placeOf(object.Get("place").As<Napi::Object>())};
}

PlanNode nodeOf(const Napi::Object &object) {
  return {textOf(object.Get("op"), "node op"), textOf(object.Get("name"), "node name"),
          indicesOf(object.Get("inputs"), "node inputs"), indicesOf(object.Get("outputs"), "node outputs"),
          attributesOf(object.Get("attrs").As<Napi::Object>())};
}

napi_typedarray_type arrayType(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return napi_float32_array;
  case DType::BF16:
    return napi_uint16_array;
  case DType::I32:
    return napi_int32_array;
  case DType::U32:
    return napi_uint32_array;
  case DType::U8:
    return napi_uint8_array;
  }
  return napi_uint8_array;
}

Napi::Value detailOf(Napi::Env env, const Detail &detail) {
  if (const auto *number = std::get_if<double>(&detail))
    return Napi::Number::New(env, *number);
  return Napi::String::New(env, std::get<std::string>(detail));
}

} // namespace

DType dtypeOf(const Napi::TypedArray &array) {
  switch (array.TypedArrayType()) {
  case napi_float32_array:
    return DType::F32;
  case napi_uint16_array:
    return DType::BF16;
  case napi_int32_array:
    return DType::I32;
  case napi_uint32_array:
    return DType::U32;
  case napi_uint8_array:
  case napi_uint8_clamped_array:
    return DType::U8;
  default:
    throw Failure(Code::DType,
                  "array: expected Float32Array, Int32Array, Uint32Array, Uint16Array or Uint8Array, "
                  "got a typed array of another kind");
  }
}

DType dtypeNamed(const std::string &name) {
  for (auto dtype : {DType::F32, DType::BF16, DType::I32, DType::U32, DType::U8})
    if (name == dtypeName(dtype))
      return dtype;
  throw Failure(Code::DType, "dtype: expected f32, bf16, i32, u32 or u8, got '" + name + "'");
}

std::vector<int64_t> shapeOf(const Napi::Value &value) {
  std::vector<int64_t> shape;
  each(value, "shape",
       [&](const Napi::Value &item) { shape.push_back(static_cast<int64_t>(indexOf(item, "shape"))); });
  return shape;
}

Plan planOf(const Napi::Object &object) {
  Plan plan;
  plan.name = textOf(object.Get("name"), "plan name");
  each(object.Get("values"), "values",
       [&](const Napi::Value &item) { plan.values.push_back(valueOf(item.As<Napi::Object>())); });
  each(object.Get("nodes"), "nodes",
       [&](const Napi::Value &item) { plan.nodes.push_back(nodeOf(item.As<Napi::Object>())); });
  each(object.Get("scalars"), "scalars", [&](const Napi::Value &item) {
    const auto scalar = item.As<Napi::Object>();
    plan.scalars.push_back(
        {textOf(scalar.Get("name"), "scalar name"), dtypeNamed(textOf(scalar.Get("dtype"), "scalar dtype"))});
  });
  plan.feeds = indicesOf(object.Get("feeds"), "feeds");
  plan.taps = indicesOf(object.Get("taps"), "taps");
  plan.arenaBytes = indexOf(object.Get("arenaBytes"), "arenaBytes");
  return plan;
}

FeedView viewOf(const Napi::Value &value) {
  if (!value.IsTypedArray())
    throw Failure(Code::Feed, "array: expected a typed array, got something else");
  const auto array = value.As<Napi::TypedArray>();
  const auto *base = static_cast<const std::byte *>(array.ArrayBuffer().Data());
  return {base + array.ByteOffset(), array.ByteLength(), dtypeOf(array)};
}

std::vector<FeedView> viewsOf(const Napi::Value &list) {
  std::vector<FeedView> views;
  each(list, "feeds", [&](const Napi::Value &item) { views.push_back(viewOf(item)); });
  return views;
}

Napi::Value typedArrayOf(Napi::Env env, const Array &array) {
  auto buffer = Napi::ArrayBuffer::New(env, array.data.size());
  std::memcpy(buffer.Data(), array.data.data(), array.data.size());
  napi_value result;
  const auto status = napi_create_typedarray(env, arrayType(array.dtype),
                                             array.data.size() / sizeOf(array.dtype), buffer, 0, &result);
  if (status != napi_ok)
    throw Failure(Code::Internal, "array '" + array.name + "': expected a typed array, got a Node-API error");
  return Napi::Value(env, result);
}

Napi::Value objectOf(Napi::Env env, const Description &description) {
  auto object = Napi::Object::New(env);
  object.Set("arenaBytes", static_cast<double>(description.arenaBytes));
  object.Set("scratchBytes", static_cast<double>(description.scratchBytes));
  object.Set("storeBytes", static_cast<double>(description.storeBytes));
  auto nodes = Napi::Array::New(env, description.nodes.size());
  for (uint32_t i = 0; i < description.nodes.size(); ++i) {
    const auto &row = description.nodes[i];
    auto node = Napi::Object::New(env);
    node.Set("name", row.name);
    node.Set("op", row.op);
    node.Set("kernel", row.kernel);
    node.Set("layout", row.layout);
    node.Set("scratchBytes", static_cast<double>(row.scratchBytes));
    nodes.Set(i, node);
  }
  object.Set("nodes", nodes);
  return object;
}

Napi::Error errorOf(Napi::Env env, const Failure &failure) {
  auto error = Napi::Error::New(env, failure.message);
  error.Value().Set("code", Napi::String::New(env, codeName(failure.code)));
  auto details = Napi::Object::New(env);
  for (const auto &[key, detail] : failure.details)
    details.Set(key, detailOf(env, detail));
  error.Value().Set("details", details);
  return error;
}

} // namespace dualpath
