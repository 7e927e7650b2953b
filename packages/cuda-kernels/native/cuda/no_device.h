#pragma once

#include <string>

namespace dualpath::cuda {

/// "13.0" of 13000.
std::string printCudaVersion(int version);

/// Why there is no device, from what the run time says of itself and of the driver (0: there is none).
std::string noDeviceReason(int runtimeVersion, int driverVersion);

} // namespace dualpath::cuda
