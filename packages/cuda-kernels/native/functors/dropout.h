#pragma once

#include "checks.h"
#include "philox.h"

namespace dualpath::functors {

/// Keeps an element when its random number is at least `rate`, and scales it; one row is `rowElements`
/// elements. The same functor on the gradient repeats the mask.
template <class T> struct Dropout {
  static constexpr int64_t rowElements = 4096;

  const T *x;
  const uint32_t *seed, *step;
  T *y;
  int64_t count;
  uint32_t stream;
  float rate, factor;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t begin = row * rowElements, size = math::minimum(rowElements, count - begin);
    const uint32_t key = *seed, now = *step;
    const auto first = static_cast<uint32_t>(begin / 4);
    const T *source = x + begin;
    T *target = y + begin;
    const auto keep = [=, rate = rate, factor = factor](uint32_t word, float value) {
      return uniform01(word) >= rate ? value * factor : 0.0f;
    };
    lanes.each(size / 4, [=, stream = stream](int64_t i) {
      const auto words = randomWords(key, stream, now, first + static_cast<uint32_t>(i));
      target[4 * i] = keep(words.x, source[4 * i]);
      target[4 * i + 1] = keep(words.y, source[4 * i + 1]);
      target[4 * i + 2] = keep(words.z, source[4 * i + 2]);
      target[4 * i + 3] = keep(words.w, source[4 * i + 3]);
    });
    const int64_t whole = size / 4 * 4;
    lanes.each(size - whole, [=, stream = stream](int64_t i) {
      const auto words = randomWords(key, stream, now, first + static_cast<uint32_t>(whole / 4));
      target[whole + i] = keep(i == 0 ? words.x : i == 1 ? words.y : words.z, source[whole + i]);
    });
  }
};

template <class Backend> Kernel dropout(const Node &node) {
  const auto *x = stored(node, node.inputs, 0, "x"), *seed = input(node, 1, "seed", DType::U32),
             *step = input(node, 2, "step", DType::U32);
  const auto *y = output(node, 0, "y", x->dtype);
  requireSame(node, "y", x, y);
  requireCount(node, "seed", 1, seed);
  requireCount(node, "step", 1, step);
  const float rate = fraction(node, "rate");
  const auto factor = static_cast<float>(1.0 / (1.0 - node.attributes.number("rate")));
  const auto stream = static_cast<uint32_t>(integerIn(node, "stream", 0, 0xFFFFFFFF));
  return forStorage(x, [=](auto type) {
    using T = decltype(type);
    return kernel([=, count = y->count()] {
      constexpr int64_t width = Dropout<T>::rowElements;
      Backend::rows((count + width - 1) / width, width,
                    Dropout<T>{x->as<T>(), seed->as<uint32_t>(), step->as<uint32_t>(), y->as<T>(), count,
                               stream, rate, factor});
    });
  });
}

} // namespace dualpath::functors
