#pragma once

#include "portable.h"

namespace dualpath::functors {

struct PhiloxWords {
  uint32_t x, y, z, w;
};

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
HD PhiloxWords philox(PhiloxWords counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t even = uint64_t{0xD2511F53u} * counter.x, odd = uint64_t{0xCD9E8D57u} * counter.z;
    counter = {static_cast<uint32_t>(odd >> 32) ^ counter.y ^ key0, static_cast<uint32_t>(odd),
               static_cast<uint32_t>(even >> 32) ^ counter.w ^ key1, static_cast<uint32_t>(even)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// The second word of every key of this program ("DUAP"); the first is the seed.
inline constexpr uint32_t philoxKey = 0x44554150u;

/// The four random words of elements 4 * group to 4 * group + 3.
HD PhiloxWords randomWords(uint32_t seed, uint32_t stream, uint32_t step, uint32_t group) {
  return philox({group, stream, step, 0}, seed, philoxKey);
}

/// [0, 1) from the upper 24 bits, through a signed integer because that conversion has a vector instruction.
HD float uniform01(uint32_t word) { return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f; }

} // namespace dualpath::functors
