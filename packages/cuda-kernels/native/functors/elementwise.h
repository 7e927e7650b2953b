#pragma once

#include "checks.h"
#include "portable.h"

namespace dualpath::functors {

// Maps of one value. NaN passes through all of them.
struct Relu {
  HD float operator()(float x) const { return 0.0f > x ? 0.0f : x; }
};
struct Relu6 {
  HD float operator()(float x) const {
    const float lower = 0.0f > x ? 0.0f : x;
    return lower > 6.0f ? 6.0f : lower;
  }
};
struct Exp {
  HD float operator()(float x) const { return math::exp(x); }
};
struct Log {
  HD float operator()(float x) const { return math::log(x); }
};
struct Sqrt {
  HD float operator()(float x) const { return math::sqrt(x); }
};
struct Square {
  HD float operator()(float x) const { return x * x; }
};
/// log(1 + e^x) without overflow.
struct Softplus {
  HD float operator()(float x) const {
    return (0.0f > x ? 0.0f : x) + math::log1p(math::exp(-math::absolute(x)));
  }
};
struct Affine {
  float multiply, add;
  HD float operator()(float x) const { return multiply * x + add; }
};

// Maps of two values: the incoming gradient and the saved input or output.
struct ReluGrad {
  HD float operator()(float dy, float y) const { return y > 0.0f ? dy : 0.0f; }
};
struct Relu6Grad {
  HD float operator()(float dy, float y) const { return (y > 0.0f) & (y < 6.0f) ? dy : 0.0f; }
};
struct SqrtGrad {
  HD float operator()(float dy, float y) const { return 0.5f * dy / y; }
};
struct SoftplusGrad {
  HD float operator()(float dy, float x) const { return dy * math::sigmoid(x); }
};

template <class Map, class T = float> struct Unary {
  const T *x;
  T *y;
  Map map;
  HD void operator()(int64_t i) const { y[i] = map(x[i]); }
};

template <class Map, class T = float> struct Binary {
  const T *a, *b;
  T *y;
  Map map;
  HD void operator()(int64_t i) const { y[i] = map(a[i], b[i]); }
};

struct Scale {
  const float *x, *factor;
  float *y;
  HD void operator()(int64_t i) const { y[i] = x[i] * *factor; }
};

template <class Backend, class T, class Map> Kernel unaryOf(const Node &node, Map map) {
  const auto *x = stored(node, node.inputs, 0, "x"), *y = output(node, 0, "y", x->dtype);
  requireSame(node, "y", x, y);
  return kernel([=, count = y->count()] {
    Backend::elements(count, Unary<Map, T>{x->as<T>(), y->as<T>(), map});
  });
}

template <class Backend, class Map> Kernel unary(const Node &node, Map map) {
  input(node, 0, "x");
  return unaryOf<Backend, float>(node, map);
}

/// The same for a map that activations go through: in the type they are stored in.
template <class Backend, class Map> Kernel storedUnary(const Node &node, Map map) {
  return forStorage(stored(node, node.inputs, 0, "x"),
                    [&](auto type) { return unaryOf<Backend, decltype(type)>(node, map); });
}

template <class Backend, class T, class Map>
Kernel binaryOf(const Node &node, Map map, const char *first, const char *second) {
  const auto *a = stored(node, node.inputs, 0, first), *b = input(node, 1, second, a->dtype);
  const auto *y = output(node, 0, "y", a->dtype);
  requireSame(node, second, a, b);
  requireSame(node, "y", a, y);
  return kernel([=, count = y->count()] {
    Backend::elements(count, Binary<Map, T>{a->as<T>(), b->as<T>(), y->as<T>(), map});
  });
}

template <class Backend, class Map>
Kernel binary(const Node &node, Map map, const char *first, const char *second) {
  input(node, 0, first);
  return binaryOf<Backend, float>(node, map, first, second);
}

/// The same for maps of activations and their gradients.
template <class Backend, class Map>
Kernel storedBinary(const Node &node, Map map, const char *first, const char *second) {
  return forStorage(stored(node, node.inputs, 0, first),
                    [&](auto type) { return binaryOf<Backend, decltype(type)>(node, map, first, second); });
}

template <class Backend> Kernel relu(const Node &node) { return storedUnary<Backend>(node, Relu{}); }
template <class Backend> Kernel relu6(const Node &node) { return storedUnary<Backend>(node, Relu6{}); }
template <class Backend> Kernel exp(const Node &node) { return unary<Backend>(node, Exp{}); }
template <class Backend> Kernel log(const Node &node) { return unary<Backend>(node, Log{}); }
template <class Backend> Kernel sqrt(const Node &node) { return unary<Backend>(node, Sqrt{}); }
template <class Backend> Kernel square(const Node &node) { return unary<Backend>(node, Square{}); }
template <class Backend> Kernel softplus(const Node &node) { return unary<Backend>(node, Softplus{}); }

template <class Backend> Kernel affine(const Node &node) {
  return unary<Backend>(node, Affine{number(node, "multiply"), number(node, "add")});
}

template <class Backend> Kernel reluGrad(const Node &node) {
  return storedBinary<Backend>(node, ReluGrad{}, "dy", "y");
}
template <class Backend> Kernel relu6Grad(const Node &node) {
  return storedBinary<Backend>(node, Relu6Grad{}, "dy", "y");
}
template <class Backend> Kernel sqrtGrad(const Node &node) {
  return binary<Backend>(node, SqrtGrad{}, "dy", "y");
}
template <class Backend> Kernel softplusGrad(const Node &node) {
  return binary<Backend>(node, SoftplusGrad{}, "dy", "x");
}

/// y = x * s, s one number that may change every step.
template <class Backend> Kernel scale(const Node &node) {
  const auto *x = input(node, 0, "x"), *factor = input(node, 1, "s");
  const auto *y = output(node, 0, "y");
  requireCount(node, "s", 1, factor);
  requireSame(node, "y", x, y);
  return kernel([=, count = y->count()] {
    Backend::elements(count, Scale{x->as<float>(), factor->as<float>(), y->as<float>()});
  });
}

} // namespace dualpath::functors
