#pragma once

#include <cstdint>

/// Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and Gray 2016) on vectors of neighbouring channels: a
/// tile of m x m outputs takes (m + 2)^2 products a channel pair instead of 9 m^2. Each rule maps one line;
/// `transform` applies it along the columns and then along the rows of a square.
namespace dualpath::cpu::winograd {

constexpr int lanes = 8;
using Vector = float __attribute__((vector_size(lanes * sizeof(float))));

/// Lines for tiles of 4 x 4 outputs; interpolation points 0, 1, -1, 2, -2, infinity.
struct Four {
  static constexpr int outputs = 4, inputs = 6;
  /// B^T d: inputs -> products.
  static void source(const Vector *d, int s, Vector *v) {
    const auto even = d[4 * s] - 4.0f * d[2 * s], odd = d[3 * s] - 4.0f * d[s];
    const auto sum = d[4 * s] - d[2 * s], twice = 2.0f * (d[3 * s] - d[s]);
    v[0] = 4.0f * d[0] - 5.0f * d[2 * s] + d[4 * s];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = sum + twice;
    v[4] = sum - twice;
    v[5] = 4.0f * d[s] - 5.0f * d[3 * s] + d[5 * s];
  }
  /// A^T m: products -> outputs.
  static void destination(const Vector *m, int s, Vector *y) {
    const auto sum = m[s] + m[2 * s], difference = m[s] - m[2 * s];
    const auto sum2 = m[3 * s] + m[4 * s], difference2 = m[3 * s] - m[4 * s];
    y[0] = m[0] + sum + sum2;
    y[1] = difference + 2.0f * difference2;
    y[2] = sum + 4.0f * sum2;
    y[3] = difference + 8.0f * difference2 + m[5 * s];
  }
  /// A y: gradient of the outputs -> gradient of the products.
  static void destinationGradient(const Vector *y, int s, Vector *m) {
    const auto even = y[0] + y[2 * s], odd = y[s] + y[3 * s];
    const auto even2 = y[0] + 4.0f * y[2 * s], odd2 = 2.0f * y[s] + 8.0f * y[3 * s];
    m[0] = y[0];
    m[1] = even + odd;
    m[2] = even - odd;
    m[3] = even2 + odd2;
    m[4] = even2 - odd2;
    m[5] = y[3 * s];
  }
  /// G g: three taps -> products.
  static void weights(const Vector *g, int s, Vector *u) {
    const auto ends = (g[0] + g[2 * s]) * (-1.0f / 6), middle = g[s] * (-1.0f / 6);
    const auto ends2 = g[0] * (1.0f / 24) + g[2 * s] * (1.0f / 6), middle2 = g[s] * (1.0f / 12);
    u[0] = g[0] * 0.25f;
    u[1] = ends + middle;
    u[2] = ends - middle;
    u[3] = ends2 + middle2;
    u[4] = ends2 - middle2;
    u[5] = g[2 * s];
  }
  /// G^T u: gradient of the products -> gradient of three taps.
  static void weightsGradient(const Vector *u, int s, Vector *g) {
    const auto sum = u[s] + u[2 * s], difference = u[2 * s] - u[s];
    const auto sum2 = u[3 * s] + u[4 * s], difference2 = u[3 * s] - u[4 * s];
    g[0] = 0.25f * u[0] - sum * (1.0f / 6) + sum2 * (1.0f / 24);
    g[1] = difference * (1.0f / 6) + difference2 * (1.0f / 12);
    g[2] = (sum2 - sum) * (1.0f / 6) + u[5 * s];
  }
};

/// Lines for tiles of 2 x 2 outputs; interpolation points 0, 1, -1, infinity.
struct Two {
  static constexpr int outputs = 2, inputs = 4;
  static void source(const Vector *d, int s, Vector *v) {
    v[0] = d[0] - d[2 * s];
    v[1] = d[s] + d[2 * s];
    v[2] = d[2 * s] - d[s];
    v[3] = d[s] - d[3 * s];
  }
  static void destination(const Vector *m, int s, Vector *y) {
    y[0] = m[0] + m[s] + m[2 * s];
    y[1] = m[s] - m[2 * s] - m[3 * s];
  }
  static void destinationGradient(const Vector *y, int s, Vector *m) {
    m[0] = y[0];
    m[1] = y[0] + y[s];
    m[2] = y[0] - y[s];
    m[3] = -y[s];
  }
  static void weights(const Vector *g, int s, Vector *u) {
    const auto ends = 0.5f * (g[0] + g[2 * s]), middle = 0.5f * g[s];
    u[0] = g[0];
    u[1] = ends + middle;
    u[2] = ends - middle;
    u[3] = g[2 * s];
  }
  static void weightsGradient(const Vector *u, int s, Vector *g) {
    const auto half = 0.5f * (u[s] + u[2 * s]);
    g[0] = u[0] + half;
    g[1] = 0.5f * (u[s] - u[2 * s]);
    g[2] = half + u[3 * s];
  }
};

/// y = L x L^T for the line rule L: x is from x from, y is to x to.
template <int from, int to, auto line> void transform(const Vector *x, Vector *y) {
  Vector columns[from * to];
  for (int column = 0; column < from; ++column)
    line(x + column, from, columns + column * to);
  for (int row = 0; row < to; ++row)
    line(columns + row, to, y + row * to);
}

} // namespace dualpath::cpu::winograd
