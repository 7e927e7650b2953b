#pragma once

#include "../../engine/tensor.h"
#include "../../functors/bfloat16.h"

#include <algorithm>
#include <vector>

/// How the played libraries compute: on floats, whatever type their operands have in memory.
namespace dualpath::host_device {

inline std::vector<float> readFloats(const void *data, DType type, int64_t count) {
  std::vector<float> floats(static_cast<size_t>(count));
  if (type == DType::BF16)
    std::copy_n(static_cast<const BFloat16 *>(data), count, floats.begin());
  else
    std::copy_n(static_cast<const float *>(data), count, floats.begin());
  return floats;
}

/// Rounds once where the type is bf16.
inline void writeFloats(const std::vector<float> &floats, void *data, DType type) {
  if (type == DType::BF16)
    std::copy(floats.begin(), floats.end(), static_cast<BFloat16 *>(data));
  else
    std::copy(floats.begin(), floats.end(), static_cast<float *>(data));
}

} // namespace dualpath::host_device
