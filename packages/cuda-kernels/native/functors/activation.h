#pragma once

#include "checks.h"
#include "portable.h"

namespace dualpath::functors {

/// What stands behind a normalisation: a value becomes no less than the floor and no more than the ceiling.
/// NaN passes. As it stands, a ReLU.
struct Activation {
  float floor = 0.0f, ceiling = math::infinity();

  HD float operator()(float value) const {
    const float raised = floor > value ? floor : value;
    return raised > ceiling ? ceiling : raised;
  }
  /// Whether an output's gradient is that of its input: neither bound has cut it.
  HD bool passes(float y) const { return (y > floor) & (y < ceiling); }
  bool cuts() const { return floor > -math::infinity(); }
};

/// The activation that the node's attribute names. Throws ATTRIBUTE.
inline Activation activationOf(const Node &node) {
  const auto name = node.attributes.text("activation");
  if (name == "none")
    return {-math::infinity(), math::infinity()};
  if (name == "relu")
    return {};
  if (name == "relu6")
    return {0.0f, 6.0f};
  fail(Code::Attribute, node, "activation", "none, relu or relu6", name);
}

} // namespace dualpath::functors
