#pragma once

#include "bfloat16.h"

namespace dualpath {

/// One channel at a time: what a lane of a warp works on.
struct ScalarPack {
  using Float = float;
  using Int = int32_t;
  static constexpr int64_t width = 1;
  static HD Float load(const float *from) { return *from; }
  static HD Float load(const BFloat16 *from) { return *from; }
  static HD Int load(const int32_t *from) { return *from; }
  static HD void store(float *to, Float value) { *to = value; }
  static HD void store(BFloat16 *to, Float value) { *to = value; }
  static HD void store(int32_t *to, Int value) { *to = value; }
  static HD Float fill(float value) { return value; }
  static HD Int fill(int32_t value) { return value; }
  template <class T> static HD T select(bool mask, T a, T b) { return mask ? a : b; }
};

#if defined(__CUDACC__)
using WidePack = ScalarPack;
#else

#if defined(__AVX512F__)
inline constexpr int64_t packWidth = 16;
#elif defined(__AVX__)
inline constexpr int64_t packWidth = 8;
#else
inline constexpr int64_t packWidth = 4;
#endif

/// As many neighbouring channels as one vector register holds.
struct WidePack {
  using Float __attribute__((vector_size(packWidth * 4))) = float;
  using Int __attribute__((vector_size(packWidth * 4))) = int32_t;
  static constexpr int64_t width = packWidth;
  static HD Float load(const float *from) { return read<Float>(from); }
  static HD Float load(const BFloat16 *from) {
    return __builtin_bit_cast(Float, __builtin_convertvector(read<Halves>(from), Words) << 16);
  }
  static HD Int load(const int32_t *from) { return read<Int>(from); }
  static HD void store(float *to, Float value) { __builtin_memcpy(to, &value, sizeof value); }
  static HD void store(BFloat16 *to, Float value) {
    const auto bits = __builtin_bit_cast(Words, value);
    const auto rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const auto halves = __builtin_convertvector(value == value ? rounded : (bits >> 16) | 0x40u, Halves);
    __builtin_memcpy(to, &halves, sizeof halves);
  }
  static HD void store(int32_t *to, Int value) { __builtin_memcpy(to, &value, sizeof value); }
  static HD Float fill(float value) { return value - Float{}; }
  static HD Int fill(int32_t value) { return value - Int{}; }
  template <class T> static HD T select(Int mask, T a, T b) { return mask ? a : b; }

private:
  using Words __attribute__((vector_size(packWidth * 4))) = uint32_t;
  using Halves __attribute__((vector_size(packWidth * 2))) = uint16_t;

  template <class T, class From> static HD T read(const From *from) {
    T value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }
};

#endif

/// Reductions that a row may ask of its lanes; they work on scalars and on packs.
struct Add {
  template <class T> HD T operator()(T a, T b) const { return a + b; }
};

/// NaN wins, so that it is seen.
struct Maximum {
  template <class T> HD T operator()(T a, T b) const { return (a > b) | (a != a) ? a : b; }
};

struct Minimum {
  template <class T> HD T operator()(T a, T b) const { return a < b ? a : b; }
};

} // namespace dualpath
