#pragma once

#include "../engine/tensor.h"

namespace dualpath::cuda {

/// Whether no element of an f32 value is NaN or infinite. Waits for the device.
bool allFinite(const Tensor &value);

} // namespace dualpath::cuda
