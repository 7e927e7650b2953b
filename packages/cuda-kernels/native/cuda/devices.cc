#include "devices.h"

#include "context.h"
#include "no_device.h"

namespace dualpath::cuda {
namespace {

constexpr int oldestMajor = 8; // compute capability; see the -gencode flags of backend.cmake

int versionOf(cudaError_t (*query)(int *)) {
  int version = 0;
  return query(&version) == cudaSuccess ? version : 0;
}

[[noreturn]] void none(const std::string &reason) {
  throw Failure(Code::Device, "cuda: " + reason, {{"reason", reason}});
}

std::string nameOf(int device) {
  cudaDeviceProp properties;
  requireSuccess(cudaGetDeviceProperties(&properties, device), "properties of a device");
  const auto name = "cuda:" + std::to_string(device) + " " + properties.name;
  if (properties.major < oldestMajor)
    none(name + ": expected compute capability 8.0 or later, got " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor));
  return name;
}

} // namespace

std::vector<std::string> deviceNames() {
  int count = 0;
  const auto status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver || status == cudaErrorNoDevice || count == 0)
    none(noDeviceReason(versionOf(cudaRuntimeGetVersion), versionOf(cudaDriverGetVersion)));
  requireSuccess(status, "count of devices");
  std::vector<std::string> names;
  for (int device = 0; device < count; ++device)
    names.push_back(nameOf(device));
  return names;
}

} // namespace dualpath::cuda
