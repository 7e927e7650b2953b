#pragma once

#include "../engine/plan.h"
#include "../engine/program.h"

#include <napi.h>

namespace dualpath {

DType dtypeOf(const Napi::TypedArray &array);
DType dtypeNamed(const std::string &name);
std::vector<int64_t> shapeOf(const Napi::Value &value);

/// The plan object of src/plan.ts. Its zod schema has run before; this only refuses what it cannot represent.
Plan planOf(const Napi::Object &object);

FeedView viewOf(const Napi::Value &value);
std::vector<FeedView> viewsOf(const Napi::Value &list);

/// A new typed array with a copy of the data: f32, i32, u32, u8 as such, bf16 as Uint16Array.
Napi::Value typedArrayOf(Napi::Env env, const Array &array);
Napi::Value objectOf(Napi::Env env, const Description &description);
/// An Error with `code` and `details`, from which TypeScript makes a DualpathError.
Napi::Error errorOf(Napi::Env env, const Failure &failure);

} // namespace dualpath
