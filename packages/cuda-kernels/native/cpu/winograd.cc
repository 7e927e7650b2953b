#include "winograd.h"

#include "../engine/region.h"
#include "winograd_tiles.h"

#include <algorithm>

namespace dualpath::cpu {
namespace {

using namespace winograd;

/// Below, the transforms cost more than the products that they save.
constexpr int64_t leastChannels = 32;

/// The nine taps of one output channel for neighbouring input channels.
void loadTaps(const float *weights, bool flipped, Vector *taps) {
  for (int tap = 0; tap < 9; ++tap)
    for (int64_t lane = 0; lane < lanes; ++lane)
      taps[flipped ? 8 - tap : tap][lane] = weights[lane * 9 + tap];
}

/// weights (O, I, 3, 3) -> planes of O x I.
template <class Tile> void transformWeights(const float *weights, bool flipped, const Planes &planes) {
#pragma omp for schedule(static)
  for (int64_t o = 0; o < planes.rows; ++o)
    for (int64_t i = 0; i < planes.columns; i += lanes) {
      Vector taps[9], u[Tile::inputs * Tile::inputs];
      loadTaps(weights + (o * planes.columns + i) * 9, flipped, taps);
      transform<3, Tile::inputs, Tile::weights>(taps, u);
      planes.put<Tile::inputs * Tile::inputs>(o, i, u);
    }
}

/// Planes of gradients O x I -> gradient of the weights (O, I, 3, 3).
template <class Tile> void transformWeightsGradient(const Planes &planes, float *gradient) {
#pragma omp for schedule(static)
  for (int64_t o = 0; o < planes.rows; ++o)
    for (int64_t i = 0; i < planes.columns; i += lanes) {
      Vector taps[9], u[Tile::inputs * Tile::inputs];
      planes.get<Tile::inputs * Tile::inputs>(o, i, u);
      transform<Tile::inputs, 3, Tile::weightsGradient>(u, taps);
      auto *to = gradient + (o * planes.columns + i) * 9;
      for (int64_t lane = 0; lane < lanes; ++lane)
        for (int tap = 0; tap < 9; ++tap)
          to[lane * 9 + tap] = taps[tap][lane];
    }
}

/// Tiles [first, first + count) of size x size pixels, `before` pixels up and left of their window, through
/// the rule into rows of the planes.
template <int size, int products, auto line>
void transformTiles(const Pixels &pixels, const Tiling &tiling, int tile, Window before, int64_t first,
                    int64_t count, const Planes &planes) {
#pragma omp for schedule(static)
  for (int64_t row = 0; row < count; ++row) {
    const auto window = tiling.window(first + row, tile);
    const Window at{window.row - before.row, window.column - before.column};
    for (int64_t group = 0; group < pixels.groups(); ++group) {
      Vector x[size * size], y[products * products];
      load<size>(pixels, pixels.at(tiling.image(first + row), group), at, x);
      transform<size, products, line>(x, y);
      planes.put<products * products>(row, group * lanes, y);
    }
  }
}

/// Outputs of neighbouring channels from `channel` on.
template <int count> void finish(const Epilogue &epilogue, int64_t channel, Vector *y) {
  if (!epilogue.bias)
    return;
  Vector bias;
  std::memcpy(&bias, epilogue.bias->as<float>() + channel, sizeof bias);
  for (int at = 0; at < count; ++at) {
    const auto sum = y[at] + bias;
    y[at] = epilogue.relu ? (sum < 0.0f ? Vector{} : sum) : sum;
  }
}

template <class Tile>
void writeTiles(const Pixels &pixels, const Tiling &tiling, int64_t first, int64_t count,
                const Planes &planes, const Epilogue &epilogue) {
#pragma omp for schedule(static)
  for (int64_t row = 0; row < count; ++row)
    for (int64_t group = 0; group < pixels.groups(); ++group) {
      Vector m[Tile::inputs * Tile::inputs], y[Tile::outputs * Tile::outputs];
      planes.get<Tile::inputs * Tile::inputs>(row, group * lanes, m);
      transform<Tile::inputs, Tile::outputs, Tile::destination>(m, y);
      finish<Tile::outputs * Tile::outputs>(epilogue, group * lanes, y);
      store<Tile::outputs>(pixels, pixels.at(tiling.image(first + row), group),
                           tiling.window(first + row, Tile::outputs), y);
    }
}

/// Scratch of one kernel: planes of both sides and of the weights.
struct Scratch {
  size_t inputAt = 0, outputAt, weightsAt, bytes;

  Scratch(int64_t planes, int64_t tiles, int64_t inputs, int64_t outputs) {
    const auto end = [&](size_t from, int64_t rows, int64_t columns) {
      return from + alignUp(Planes::numbers(planes, rows, columns) * sizeof(float));
    };
    outputAt = end(inputAt, tiles, inputs);
    weightsAt = end(outputAt, tiles, outputs);
    bytes = end(weightsAt, outputs, inputs);
  }
};

Planes planesAt(std::byte *scratch, size_t offset, int64_t rows, int64_t columns) {
  return {reinterpret_cast<float *>(scratch + offset), rows, columns};
}

template <class Tile> std::string nameOf() {
  return "winograd " + std::to_string(Tile::outputs) + "x" + std::to_string(Tile::outputs);
}

/// y = x * w with the taps as they are, or dx = dy * w with flipped taps and the channels' roles exchanged.
struct Filtering {
  const Tensor *input, *weights, *output;
  Window before; // padding above and to the left
  bool flipped;
  Epilogue epilogue{};
};

template <class Tile> Kernel filterKernel(const Filtering &filtering) {
  constexpr int products = Tile::inputs * Tile::inputs;
  const Pixels input(*filtering.input), output(*filtering.output);
  const Tiling tiling(output, Tile::outputs, input.channels + output.channels);
  const Scratch layout(products, tiling.atOnce, input.channels, output.channels);
  const auto run = [=](std::byte *scratch) {
    const auto v = planesAt(scratch, layout.inputAt, tiling.atOnce, input.channels);
    const auto m = planesAt(scratch, layout.outputAt, tiling.atOnce, output.channels);
    const auto &shape = filtering.weights->shape;
    const auto u = planesAt(scratch, layout.weightsAt, shape[0], shape[1]);
#pragma omp parallel
    {
      transformWeights<Tile>(filtering.weights->as<float>(), filtering.flipped, u);
      for (int64_t first = 0; first < tiling.count; first += tiling.atOnce) {
        const auto count = std::min(tiling.atOnce, tiling.count - first);
        transformTiles<Tile::inputs, Tile::inputs, Tile::source>(input, tiling, Tile::outputs,
                                                                 filtering.before, first, count, v);
#pragma omp for schedule(static)
        for (int plane = 0; plane < products; ++plane)
          dnnl::sgemm('N', filtering.flipped ? 'N' : 'T', count, output.channels, input.channels, 1,
                      v.plane(plane), input.channels, u.plane(plane), u.columns, 0, m.plane(plane),
                      output.channels);
        writeTiles<Tile>(output, tiling, first, count, m, filtering.epilogue);
      }
    }
  };
  return {nameOf<Tile>() + filtering.epilogue.name(), layout.bytes, run};
}

template <class Tile> Kernel gradientKernel(const ConvolutionShape &shape) {
  constexpr int products = Tile::inputs * Tile::inputs;
  const Pixels input(*shape.source), output(*shape.destination);
  const Tiling tiling(output, Tile::outputs, input.channels + output.channels);
  const Scratch layout(products, tiling.atOnce, input.channels, output.channels);
  const auto *weights = shape.weights;
  const Window before{shape.padBegin[0], shape.padBegin[1]};
  const auto run = [=](std::byte *scratch) {
    const auto v = planesAt(scratch, layout.inputAt, tiling.atOnce, input.channels);
    const auto m = planesAt(scratch, layout.outputAt, tiling.atOnce, output.channels);
    const auto u = planesAt(scratch, layout.weightsAt, output.channels, input.channels);
#pragma omp parallel
    {
      for (int64_t first = 0; first < tiling.count; first += tiling.atOnce) {
        const auto count = std::min(tiling.atOnce, tiling.count - first);
        transformTiles<Tile::inputs, Tile::inputs, Tile::source>(input, tiling, Tile::outputs, before, first,
                                                                 count, v);
        transformTiles<Tile::outputs, Tile::inputs, Tile::destinationGradient>(output, tiling, Tile::outputs,
                                                                               {0, 0}, first, count, m);
#pragma omp for schedule(static)
        for (int plane = 0; plane < products; ++plane)
          dnnl::sgemm('T', 'N', output.channels, input.channels, count, 1, m.plane(plane), output.channels,
                      v.plane(plane), input.channels, first == 0 ? 0 : 1, u.plane(plane), input.channels);
      }
      transformWeightsGradient<Tile>(u, weights->as<float>());
    }
  };
  return {nameOf<Tile>(), layout.bytes, run};
}

/// Products a channel pair that tiles of this size take for one image.
int64_t productsOf(const Tensor &output, int tile) {
  const auto tiles = ((output.shape[1] + tile - 1) / tile) * ((output.shape[2] + tile - 1) / tile);
  return tiles * (tile + 2) * (tile + 2);
}

bool prefersFour(const Tensor &output) {
  return productsOf(output, Four::outputs) <= productsOf(output, Two::outputs);
}

} // namespace

bool prefersWinograd(const ConvolutionShape &shape) {
  const auto &w = shape.weights->shape;
  const auto isOne = [](const std::vector<int64_t> &pair) { return pair[0] == 1 && pair[1] == 1; };
  const auto padded = [](const std::vector<int64_t> &pair) { return std::max(pair[0], pair[1]) <= 2; };
  const bool libraryHasNone = imageLayout() == Layout::Blocked8;
  return libraryHasNone && w[2] == 3 && w[3] == 3 && shape.groups == 1 && isOne(shape.strides) &&
         shape.gaps[0] == 0 && shape.gaps[1] == 0 && padded(shape.padBegin) && padded(shape.padEnd) &&
         w[0] % lanes == 0 && w[1] % lanes == 0 && std::min(w[0], w[1]) >= leastChannels;
}

Kernel conv2dByWinograd(const ConvolutionShape &shape, const Epilogue &epilogue) {
  const Filtering filtering{
      shape.source, shape.weights, shape.destination, {shape.padBegin[0], shape.padBegin[1]},
      false,        epilogue};
  return prefersFour(*filtering.output) ? filterKernel<Four>(filtering) : filterKernel<Two>(filtering);
}

Kernel conv2dGradXByWinograd(const ConvolutionShape &shape) {
  const Filtering filtering{
      shape.destination, shape.weights, shape.source, {2 - shape.padBegin[0], 2 - shape.padBegin[1]}, true};
  return prefersFour(*filtering.output) ? filterKernel<Four>(filtering) : filterKernel<Two>(filtering);
}

Kernel conv2dGradWByWinograd(const ConvolutionShape &shape) {
  return prefersFour(*shape.destination) ? gradientKernel<Four>(shape) : gradientKernel<Two>(shape);
}

} // namespace dualpath::cpu
