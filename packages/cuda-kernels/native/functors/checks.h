#pragma once

#include "../engine/kernel.h"
#include "bfloat16.h"

#include <sstream>
#include <string>

namespace dualpath::functors {

// Checks that the glue of every functor makes when a node is prepared; each throws a Failure that names the
// operand.

inline const Tensor *operand(const Node &node, const std::vector<Tensor *> &list, size_t index,
                             const char *name, DType dtype) {
  if (index >= list.size())
    fail(Code::PlanInvalid, node, name, "a value", "nothing");
  if (list[index]->dtype != dtype)
    fail(Code::DType, node, name, dtypeName(dtype), dtypeName(list[index]->dtype));
  return list[index];
}

inline const Tensor *input(const Node &node, size_t index, const char *name, DType dtype = DType::F32) {
  return operand(node, node.inputs, index, name, dtype);
}

inline const Tensor *output(const Node &node, size_t index, const char *name, DType dtype = DType::F32) {
  return operand(node, node.outputs, index, name, dtype);
}

/// An operand that may be stored in f32 or bf16, as the plan has it.
inline const Tensor *stored(const Node &node, const std::vector<Tensor *> &list, size_t index,
                            const char *name) {
  const bool narrow = index < list.size() && list[index]->dtype == DType::BF16;
  return operand(node, list, index, name, narrow ? DType::BF16 : DType::F32);
}

/// Calls build with a value of the element type in which the tensor is stored.
template <class Build> Kernel forStorage(const Tensor *tensor, Build build) {
  return tensor->dtype == DType::BF16 ? build(BFloat16{}) : build(float{});
}

inline void requireRank(const Node &node, const char *name, const Tensor *tensor, int64_t rank) {
  if (tensor->rank() != rank)
    fail(Code::Shape, node, name, "rank " + std::to_string(rank), printShape(tensor->shape));
}

inline void requireSame(const Node &node, const char *name, const Tensor *expected, const Tensor *got) {
  requireShape(node, name, expected->shape, got->shape);
}

inline void requireCount(const Node &node, const char *name, int64_t count, const Tensor *got) {
  if (got->count() != count)
    fail(Code::Shape, node, name, std::to_string(count) + " elements", printShape(got->shape));
}

inline int64_t integerIn(const Node &node, const char *key, int64_t low, int64_t high) {
  const int64_t value = node.attributes.integer(key);
  if (value < low || value > high)
    fail(Code::Attribute, node, key, std::to_string(low) + ".." + std::to_string(high),
         std::to_string(value));
  return value;
}

/// A number in [0, 1): a rate, or a share.
inline float fraction(const Node &node, const char *key) {
  const double value = node.attributes.number(key);
  if (!(value >= 0.0 && value < 1.0)) {
    std::ostringstream got;
    got << value;
    fail(Code::Attribute, node, key, "at least 0 and below 1", got.str());
  }
  return static_cast<float>(value);
}

inline float number(const Node &node, const char *key) {
  return static_cast<float>(node.attributes.number(key));
}

/// Rounds a piece of scratch up, so that the next one is aligned too.
inline size_t scratchBytes(int64_t count, size_t size) {
  return (static_cast<size_t>(count) * size + 63) / 64 * 64;
}

/// The kernel of a functor that needs no scratch.
template <class Run> Kernel kernel(Run run) {
  return {"functor", 0, [run](std::byte *) { run(); }};
}

template <class Run> Kernel kernel(size_t scratch, Run run) { return {"functor", scratch, run}; }

} // namespace dualpath::functors
