#pragma once

#include "checks.h"
#include "portable.h"

#include <algorithm>

namespace dualpath::functors {

#if defined(__CUDACC__) && __CUDACC_VER_MAJOR__ == 12 && __CUDACC_VER_MINOR__ == 0
inline constexpr int64_t mostSpans = 80; // a launch takes 4 kB of arguments
#else
inline constexpr int64_t mostSpans = 512; // and since CUDA 12.1 32 kB
#endif

/// Tensors that one launch works through together: `arrays` of them (a parameter, its gradient and what its
/// optimizer keeps) share a span. A row is a piece of one span; pieces are numbered over all spans.
template <int arrays> struct Spans {
  static constexpr int64_t pieceElements = 4096;

  struct Span {
    float *data[arrays];
    int64_t count, firstPiece;
  };

  /// The elements of one piece.
  struct Piece {
    const Span *span;
    int64_t begin, count;

    HD float *data(int array) const { return span->data[array] + begin; }
  };

  Span spans[mostSpans];
  int64_t size = 0, pieces = 0;

  void add(const Span &span) {
    spans[size] = span;
    spans[size++].firstPiece = pieces;
    pieces += (span.count + pieceElements - 1) / pieceElements;
  }

  HD Piece piece(int64_t row) const {
    int64_t low = 0, high = size - 1;
    while (low < high) {
      const int64_t middle = (low + high + 1) / 2;
      if (spans[middle].firstPiece <= row)
        low = middle;
      else
        high = middle - 1;
    }
    const int64_t begin = (row - spans[low].firstPiece) * pieceElements;
    return {spans + low, begin, math::minimum(pieceElements, spans[low].count - begin)};
  }
};

/// Pieces of a tensor.
template <int arrays> int64_t piecesOf(const Tensor *tensor) {
  return (tensor->count() + Spans<arrays>::pieceElements - 1) / Spans<arrays>::pieceElements;
}

/// The tensors of a node's groups: group g is in inputs [first + g * arrays, first + (g + 1) * arrays).
struct SpanTensors {
  std::vector<const Tensor *> list;
  int64_t arrays;

  int64_t groups() const { return static_cast<int64_t>(list.size()) / arrays; }
  const Tensor *at(int64_t group, int64_t array) const { return list[group * arrays + array]; }
};

/// Checks that groups of inputs stand behind the first ones, all of one shape in each, and that output k of a
/// group overwrites its input updates[k].
inline SpanTensors spanTensors(const Node &node, size_t first, const std::vector<const char *> &names,
                               const std::vector<size_t> &updates) {
  const size_t arrays = names.size(),
               groups = (node.inputs.size() - std::min(first, node.inputs.size())) / arrays;
  if (groups == 0 || node.inputs.size() != first + groups * arrays ||
      (!updates.empty() && node.outputs.size() != groups * updates.size()))
    fail(Code::PlanInvalid, node, "operands",
         std::to_string(first) + " inputs and groups of " + std::to_string(arrays),
         std::to_string(node.inputs.size()) + " inputs and " + std::to_string(node.outputs.size()) +
             " outputs");
  SpanTensors tensors{{}, static_cast<int64_t>(arrays)};
  for (size_t at = first; at < node.inputs.size(); ++at) {
    const size_t array = (at - first) % arrays;
    tensors.list.push_back(input(node, at, names[array]));
    requireSame(node, names[array], node.inputs[at - array], node.inputs[at]);
  }
  for (size_t at = 0; at < node.outputs.size() && !updates.empty(); ++at) {
    const size_t array = updates[at % updates.size()];
    const auto *before = node.inputs[first + at / updates.size() * arrays + array];
    if (before != node.outputs[at])
      fail(Code::PlanInvalid, node, names[array], "one store value as input and output",
           before->name + " and " + node.outputs[at]->name);
  }
  return tensors;
}

/// Calls launch(spans, pieces before) for all groups, as many at a time as a launch takes.
template <int arrays, class Launch> void overSpans(const SpanTensors &tensors, Launch launch) {
  int64_t before = 0;
  for (int64_t begin = 0; begin < tensors.groups(); begin += mostSpans) {
    Spans<arrays> spans;
    for (int64_t group = begin; group < std::min(tensors.groups(), begin + mostSpans); ++group) {
      typename Spans<arrays>::Span span{};
      for (int array = 0; array < arrays; ++array)
        span.data[array] = tensors.at(group, array)->as<float>();
      span.count = tensors.at(group, 0)->count();
      spans.add(span);
    }
    launch(spans, before);
    before += spans.pieces;
  }
}

} // namespace dualpath::functors
