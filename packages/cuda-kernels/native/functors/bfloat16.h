#pragma once

#include "portable.h"

namespace dualpath {

/// A bfloat16 in memory: the upper half of a float. It is read as that float and written rounded to nearest
/// even, so a functor over T computes in float whatever T is.
struct BFloat16 {
  uint16_t word;

  static HD BFloat16 of(float value) {
    const auto bits = static_cast<uint32_t>(math::bits(value));
    const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    return {static_cast<uint16_t>(value == value ? rounded : (bits >> 16) | 0x40u)};
  }
  HD operator float() const { return math::fromBits(static_cast<int32_t>(uint32_t{word} << 16)); }
  HD BFloat16 &operator=(float value) { return *this = of(value); }
};

} // namespace dualpath
