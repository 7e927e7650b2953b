#pragma once

#include "attributes.h"
#include "tensor.h"

#include <cstddef>
#include <string>
#include <vector>

namespace dualpath {

class Backend;

enum class PlaceKind { Feed, Store, Scalar, Arena };

struct Place {
  PlaceKind kind = PlaceKind::Arena;
  size_t at = 0; // arena: byte offset; scalar: index of the word
};

struct PlanValue {
  std::string name;
  std::vector<int64_t> shape;
  DType dtype = DType::F32;
  Place place;
};

struct PlanNode {
  std::string op, name;
  std::vector<size_t> inputs, outputs;
  Attributes attributes;
};

struct PlanScalar {
  std::string name;
  DType dtype = DType::F32;
};

/// The plan as TypeScript emits it: see src/plan.ts for the meaning of each field.
struct Plan {
  std::string name;
  std::vector<PlanValue> values;
  std::vector<PlanNode> nodes;
  std::vector<size_t> feeds;
  std::vector<PlanScalar> scalars;
  std::vector<size_t> taps;
  size_t arenaBytes = 0;
};

/// Throws PLAN_INVALID or OP_UNKNOWN: ids, names, places, written before read, and no two live values on one
/// byte.
void validate(const Plan &plan, const Backend &backend);

} // namespace dualpath
