#pragma once

#include "checks.h"
#include "elementwise.h"

#include <algorithm>
#include <array>

namespace dualpath::functors {

struct AddValues {
  HD float operator()(float a, float b) const { return a + b; }
};
struct SubtractValues {
  HD float operator()(float a, float b) const { return a - b; }
};
struct MultiplyValues {
  HD float operator()(float a, float b) const { return a * b; }
};
struct DivideValues {
  HD float operator()(float a, float b) const { return a / b; }
};
struct FirstValue {
  HD float operator()(float a, float) const { return a; }
};

/// The output's extents, right-aligned to rank 4 with neighbouring axes merged where no operand changes
/// between broadcast and full, and the strides of both operands there (0 = broadcast).
struct BroadcastShape {
  int64_t extent[4] = {1, 1, 1, 1}, a[4] = {0, 0, 0, 0}, b[4] = {0, 0, 0, 0};
};

/// A row is one index of the three leading axes.
template <class Map, class T = float> struct Broadcast {
  const T *a, *b;
  T *y;
  BroadcastShape shape;
  Map map;

  static HD int64_t offset(int64_t row, const int64_t *extent, const int64_t *stride) {
    const int64_t last = row % extent[2], rest = row / extent[2];
    return rest / extent[1] * stride[0] + rest % extent[1] * stride[1] + last * stride[2];
  }

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t count = shape.extent[3];
    const T *left = a + offset(row, shape.extent, shape.a), *right = b + offset(row, shape.extent, shape.b);
    T *result = y + row * count;
    if (shape.a[3] == 0) {
      const float value = *left;
      lanes.each(count, [=, *this](int64_t i) { result[i] = map(value, right[i * shape.b[3]]); });
    } else if (shape.b[3] == 0) {
      const float value = *right;
      lanes.each(count, [=, *this](int64_t i) { result[i] = map(left[i], value); });
    } else {
      lanes.each(count, [=, *this](int64_t i) { result[i] = map(left[i], right[i]); });
    }
  }
};

/// The case of one merged axis: a number against a whole array.
template <class Map, class T = float> struct BroadcastFlat {
  const T *a, *b;
  T *y;
  int64_t strideA, strideB;
  Map map;
  HD void operator()(int64_t i) const { y[i] = map(a[i * strideA], b[i * strideB]); }
};

inline std::vector<int64_t> alignRight(const std::vector<int64_t> &shape) {
  std::vector<int64_t> aligned(4 - shape.size(), 1);
  aligned.insert(aligned.end(), shape.begin(), shape.end());
  return aligned;
}

inline void requireBroadcast(const Node &node, const char *name, const Tensor *from, const Tensor *to) {
  bool fits = from->rank() <= to->rank() && to->rank() <= 4;
  for (int64_t i = 1; fits && i <= from->rank(); ++i) {
    const int64_t extent = from->shape[from->shape.size() - i];
    fits = extent == 1 || extent == to->shape[to->shape.size() - i];
  }
  if (!fits)
    fail(Code::Shape, node, name, "a shape that broadcasts to " + printShape(to->shape),
         printShape(from->shape));
}

inline std::vector<int64_t> broadcastStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(4);
  int64_t step = 1;
  for (int axis = 3; axis >= 0; step *= shape[axis--])
    strides[axis] = shape[axis] == 1 ? 0 : step;
  return strides;
}

inline BroadcastShape broadcastShape(const Tensor *a, const Tensor *b, const Tensor *y) {
  const auto extents = alignRight(y->shape);
  const auto stridesA = broadcastStrides(alignRight(a->shape)),
             stridesB = broadcastStrides(alignRight(b->shape));
  BroadcastShape merged;
  int slot = 4;
  for (int axis = 3; axis >= 0; --axis) {
    if (extents[axis] == 1)
      continue;
    const bool joins = slot < 4 && stridesA[axis] == merged.a[slot] * merged.extent[slot] &&
                       stridesB[axis] == merged.b[slot] * merged.extent[slot];
    if (joins) {
      merged.extent[slot] *= extents[axis];
      continue;
    }
    --slot;
    merged.extent[slot] = extents[axis];
    merged.a[slot] = stridesA[axis];
    merged.b[slot] = stridesB[axis];
  }
  return merged;
}

template <class Backend, class T = float, class Map>
Kernel broadcastKernel(const Tensor *a, const Tensor *b, const Tensor *y, Map map) {
  const auto shape = broadcastShape(a, b, y);
  const int64_t rows = shape.extent[0] * shape.extent[1] * shape.extent[2], width = shape.extent[3];
  return kernel([=] {
    const auto *left = a->as<T>(), *right = b->as<T>();
    if (rows == 1)
      Backend::elements(width, BroadcastFlat<Map, T>{left, right, y->as<T>(), shape.a[3], shape.b[3], map});
    else
      Backend::rows(rows, width, Broadcast<Map, T>{left, right, y->as<T>(), shape, map});
  });
}

template <class Backend, class T, class Map> Kernel arithmeticOf(const Node &node, Map map) {
  const auto *a = stored(node, node.inputs, 0, "a"), *b = input(node, 1, "b", a->dtype);
  const auto *y = output(node, 0, "y", a->dtype);
  if (a->shape == b->shape)
    return binaryOf<Backend, T>(node, map, "a", "b");
  requireBroadcast(node, "a", a, y);
  requireBroadcast(node, "b", b, y);
  return broadcastKernel<Backend, T>(a, b, y, map);
}

template <class Backend, class Map> Kernel arithmetic(const Node &node, Map map) {
  input(node, 0, "a");
  return arithmeticOf<Backend, float>(node, map);
}

/// Residuals and gradients that meet are activations, and added in the type they are stored in.
template <class Backend> Kernel add(const Node &node) {
  return forStorage(stored(node, node.inputs, 0, "a"),
                    [&](auto type) { return arithmeticOf<Backend, decltype(type)>(node, AddValues{}); });
}
template <class Backend> Kernel subtract(const Node &node) {
  return arithmetic<Backend>(node, SubtractValues{});
}
template <class Backend> Kernel multiply(const Node &node) {
  return arithmetic<Backend>(node, MultiplyValues{});
}
template <class Backend> Kernel divide(const Node &node) { return arithmetic<Backend>(node, DivideValues{}); }

template <class Backend> Kernel broadcastTo(const Node &node) {
  const auto *x = input(node, 0, "x");
  const auto *y = output(node, 0, "y");
  requireShape(node, "y", node.attributes.integers("shape"), y->shape);
  requireBroadcast(node, "x", x, y);
  return broadcastKernel<Backend>(x, x, y, FirstValue{});
}

} // namespace dualpath::functors
