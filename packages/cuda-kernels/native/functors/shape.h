#pragma once

#include "checks.h"
#include "lanes.h"

#include <algorithm>

namespace dualpath::functors {

/// Copies runs of `width` elements between two strides.
template <class T> struct CopyRows {
  const T *x;
  T *y;
  int64_t width, fromStride, toStride;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const T *source = x + row * fromStride;
    T *target = y + row * toStride;
    lanes.each(width, [=](int64_t i) { target[i] = source[i]; });
  }
};

template <class T> struct CopyElements {
  const T *x;
  T *y;
  HD void operator()(int64_t i) const { y[i] = x[i]; }
};

/// The zero padded gradient of a slice: dx[outer][extent][inner] from dy[outer][size][inner].
template <class T> struct SliceGrad {
  const T *dy;
  T *dx;
  int64_t extent, size, inner, begin;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t position = row % extent - begin, outer = row / extent;
    T *target = dx + row * inner;
    const T *source = dy + (outer * size + position) * inner;
    if (position >= 0 && position < size)
      lanes.each(inner, [=](int64_t i) { target[i] = source[i]; });
    else
      lanes.each(inner, [=](int64_t i) { target[i] = 0; });
  }
};

/// Extents of y right-aligned to rank 4, and the strides in x of its axes.
struct PermutedAxes {
  int64_t extent[4] = {1, 1, 1, 1}, stride[4] = {0, 0, 0, 0};
  int64_t bands(int64_t lines) const { return extent[0] * extent[1] * ((extent[2] + lines - 1) / lines); }
};

/// A row is 16 lines of y's last two axes. It is done in tiles of 16 x 8, so that lines of x, which cross
/// those of y, stay in the nearest cache while they are used.
template <class T> struct Transpose {
  static constexpr int64_t lines = 16, columns = 8;

  const T *x;
  T *y;
  PermutedAxes axes;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t *extent = axes.extent, *stride = axes.stride;
    const int64_t bands = (extent[2] + lines - 1) / lines, band = row % bands, plane = row / bands;
    const int64_t first = band * lines, height = math::minimum(lines, extent[2] - first), width = extent[3];
    const int64_t line = stride[2], step = stride[3];
    const T *source = x + plane / extent[1] * stride[0] + plane % extent[1] * stride[1] + first * line;
    T *target = y + (plane * extent[2] + first) * width;
    for (int64_t begin = 0; begin < width; begin += columns) {
      const int64_t across = math::minimum(columns, width - begin);
      lanes.each(lines * columns, [=](int64_t i) {
        const int64_t r = i / columns, c = i % columns;
        if (r < height && c < across)
          target[r * width + begin + c] = source[r * line + (begin + c) * step];
      });
    }
  }
};

template <class T> struct Fill {
  T *y;
  T value;
  HD void operator()(int64_t i) const { y[i] = value; }
};

/// Calls build with an unsigned integer as wide as an element of the dtype: shape ops move bits.
template <class Build> Kernel forWidth(DType dtype, Build build) {
  switch (sizeOf(dtype)) {
  case 1:
    return build(uint8_t{});
  case 2:
    return build(uint16_t{});
  default:
    return build(uint32_t{});
  }
}

/// Copies `runs` runs; a single one is split over threads.
template <class Backend, class Word> void copyRuns(int64_t runs, const CopyRows<Word> &copy) {
  if (runs == 1)
    Backend::elements(copy.width, CopyElements<Word>{copy.x, copy.y});
  else
    Backend::rows(runs, copy.width, copy);
}

inline const Tensor *anyInput(const Node &node, size_t index) {
  if (index >= node.inputs.size())
    fail(Code::PlanInvalid, node, "x", "a value", "nothing");
  return node.inputs[index];
}

inline int64_t product(const std::vector<int64_t> &shape, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t i = begin; i < end; ++i)
    count *= shape[i];
  return count;
}

template <class Backend> Kernel reshape(const Node &node) {
  const auto *x = anyInput(node, 0), *y = output(node, 0, "y", x->dtype);
  requireShape(node, "y", node.attributes.integers("shape"), y->shape);
  requireCount(node, "y", x->count(), y);
  return forWidth(x->dtype, [=](auto word) {
    using Word = decltype(word);
    return kernel([=, count = x->count()] {
      if (x->data != y->data)
        Backend::elements(count, CopyElements<Word>{x->as<Word>(), y->as<Word>()});
    });
  });
}

inline std::vector<int64_t> permutationOf(const Node &node, const Tensor *x) {
  const auto permutation = node.attributes.integers("permutation");
  auto sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  bool fits = x->rank() <= 4 && static_cast<int64_t>(sorted.size()) == x->rank();
  for (size_t i = 0; i < sorted.size(); ++i)
    fits = fits && sorted[i] == static_cast<int64_t>(i);
  if (!fits)
    fail(Code::Attribute, node, "permutation", "each axis of a value of rank 4 or less once",
         printShape(permutation));
  return permutation;
}

inline PermutedAxes permutedAxes(const Node &node, const Tensor *x, const Tensor *y) {
  PermutedAxes axes;
  std::vector<int64_t> expected;
  const auto permutation = permutationOf(node, x);
  const size_t rank = permutation.size();
  for (size_t i = 0; i < rank; ++i) {
    const auto axis = static_cast<size_t>(permutation[i]);
    expected.push_back(x->shape[axis]);
    axes.extent[4 - rank + i] = x->shape[axis];
    axes.stride[4 - rank + i] = product(x->shape, axis + 1, rank);
  }
  requireShape(node, "y", expected, y->shape);
  return axes;
}

template <class Backend> Kernel transpose(const Node &node) {
  const auto *x = anyInput(node, 0), *y = output(node, 0, "y", x->dtype);
  const auto axes = permutedAxes(node, x, y);
  return forWidth(x->dtype, [=](auto word) {
    using Word = decltype(word);
    return kernel([=] {
      using Functor = Transpose<Word>;
      Backend::rows(axes.bands(Functor::lines), Functor::lines * axes.extent[3],
                    Functor{x->as<Word>(), y->as<Word>(), axes});
    });
  });
}

template <class Backend> Kernel concat(const Node &node) {
  const auto *first = anyInput(node, 0), *y = output(node, 0, "y", first->dtype);
  const int64_t axis = integerIn(node, "axis", 0, first->rank() - 1);
  auto expected = first->shape;
  expected[axis] = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const auto *x = input(node, i, "x", first->dtype);
    if (x->rank() != first->rank())
      fail(Code::Shape, node, "x", "rank " + std::to_string(first->rank()), printShape(x->shape));
    auto shape = first->shape;
    shape[axis] = x->shape[axis];
    requireShape(node, "x", shape, x->shape);
    expected[axis] += x->shape[axis];
  }
  requireShape(node, "y", expected, y->shape);
  const int64_t outer = product(expected, 0, axis), inner = product(expected, axis + 1, expected.size());
  return forWidth(first->dtype, [&](auto word) {
    using Word = decltype(word);
    return kernel([=, xs = node.inputs] {
      int64_t offset = 0;
      for (const auto *x : xs) {
        const int64_t width = x->shape[axis] * inner;
        copyRuns<Backend, Word>(
            outer, {x->as<Word>(), y->as<Word>() + offset, width, width, y->shape[axis] * inner});
        offset += width;
      }
    });
  });
}

template <class Backend> Kernel slice(const Node &node) {
  const auto *x = anyInput(node, 0), *y = output(node, 0, "y", x->dtype);
  const int64_t axis = integerIn(node, "axis", 0, x->rank() - 1);
  const int64_t begin = integerIn(node, "begin", 0, x->shape[axis]),
                end = integerIn(node, "end", begin, x->shape[axis]);
  auto expected = x->shape;
  expected[axis] = end - begin;
  requireShape(node, "y", expected, y->shape);
  const int64_t outer = product(expected, 0, axis), inner = product(expected, axis + 1, expected.size());
  return forWidth(x->dtype, [=](auto word) {
    using Word = decltype(word);
    return kernel([=] {
      copyRuns<Backend, Word>(outer, {x->as<Word>() + begin * inner, y->as<Word>(), (end - begin) * inner,
                                      x->shape[axis] * inner, (end - begin) * inner});
    });
  });
}

template <class Backend> Kernel sliceGrad(const Node &node) {
  const auto *dy = stored(node, node.inputs, 0, "dy"), *dx = output(node, 0, "dx", dy->dtype);
  requireShape(node, "dx", node.attributes.integers("inputShape"), dx->shape);
  if (dy->rank() != dx->rank())
    fail(Code::Shape, node, "dy", "rank " + std::to_string(dx->rank()), printShape(dy->shape));
  const int64_t axis = integerIn(node, "axis", 0, dx->rank() - 1), extent = dx->shape[axis],
                size = dy->shape[axis];
  const int64_t begin = integerIn(node, "begin", 0, extent - size);
  auto expected = dx->shape;
  expected[axis] = size;
  requireShape(node, "dy", expected, dy->shape);
  const int64_t outer = product(expected, 0, axis), inner = product(expected, axis + 1, expected.size());
  return forWidth(dy->dtype, [=](auto word) {
    using Word = decltype(word);
    return kernel([=] {
      Backend::rows(outer * extent, inner,
                    SliceGrad<Word>{dy->as<Word>(), dx->as<Word>(), extent, size, inner, begin});
    });
  });
}

template <class Backend> Kernel fill(const Node &node) {
  const auto *y = output(node, 0, "y");
  requireShape(node, "y", node.attributes.integers("shape"), y->shape);
  const float value = number(node, "value");
  return kernel([=, count = y->count()] { Backend::elements(count, Fill<float>{y->as<float>(), value}); });
}

} // namespace dualpath::functors
