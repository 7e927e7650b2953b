#pragma once

#include "checks.h"
#include "portable.h"
#include "shape.h"

namespace dualpath::functors {

/// Conversions between element types: float to whole numbers truncates and saturates (NaN gives 0), float to
/// bfloat16 rounds to nearest even.
template <class To> struct Convert {
  template <class From> static HD To from(From value) { return static_cast<To>(value); }
  static HD To from(float value) {
    constexpr double lowest = To(-1) < To(0) ? -2147483648.0 : 0.0;
    constexpr double highest = sizeof(To) == 1 ? 255.0 : lowest < 0.0 ? 2147483647.0 : 4294967295.0;
    const double lower = value > lowest ? value : lowest;
    return value == value ? static_cast<To>(lower < highest ? lower : highest) : To(0);
  }
  static HD To from(BFloat16 value) { return from(static_cast<float>(value)); }
};

template <> struct Convert<float> {
  template <class From> static HD float from(From value) { return static_cast<float>(value); }
};

template <> struct Convert<BFloat16> {
  template <class From> static HD BFloat16 from(From value) { return from(static_cast<float>(value)); }
  static HD BFloat16 from(BFloat16 value) { return value; }
  static HD BFloat16 from(float value) { return BFloat16::of(value); }
};

template <class From, class To> struct Cast {
  const From *x;
  To *y;
  HD void operator()(int64_t i) const { y[i] = Convert<To>::from(x[i]); }
};

/// Calls build with a value of the dtype's element type.
template <class Build> Kernel forType(DType dtype, Build build) {
  switch (dtype) {
  case DType::F32:
    return build(float{});
  case DType::BF16:
    return build(BFloat16{});
  case DType::I32:
    return build(int32_t{});
  case DType::U32:
    return build(uint32_t{});
  default:
    return build(uint8_t{});
  }
}

template <class Backend> Kernel cast(const Node &node) {
  const auto *x = anyInput(node, 0);
  if (node.outputs.empty())
    fail(Code::PlanInvalid, node, "y", "a value", "nothing");
  const auto *y = node.outputs[0];
  requireSame(node, "y", x, y);
  const std::string dtype = node.attributes.text("dtype");
  if (dtype != dtypeName(y->dtype))
    fail(Code::DType, node, "y", dtype, dtypeName(y->dtype));
  return forType(x->dtype, [=](auto from) {
    return forType(y->dtype, [=](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      return kernel([=, count = y->count()] {
        Backend::elements(count, Cast<From, To>{x->as<From>(), y->as<To>()});
      });
    });
  });
}

} // namespace dualpath::functors
