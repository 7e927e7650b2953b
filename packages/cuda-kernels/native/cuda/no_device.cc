#include "no_device.h"

namespace dualpath::cuda {

std::string printCudaVersion(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string noDeviceReason(int runtimeVersion, int driverVersion) {
  const auto wanted = "driver: expected one for CUDA " + printCudaVersion(runtimeVersion) + " or later, got ";
  if (driverVersion == 0)
    return wanted + "none; install NVIDIA's driver";
  if (driverVersion / 1000 < runtimeVersion / 1000)
    return wanted + "one for CUDA " + printCudaVersion(driverVersion) + "; update NVIDIA's driver";
  return "device: expected at least one, got none";
}

} // namespace dualpath::cuda
