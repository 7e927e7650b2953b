#pragma once

#include <string>
#include <vector>

namespace dualpath::cuda {

/// "cuda:0 NVIDIA H100 80GB HBM3" and so on, of the devices for which this was built. Throws DEVICE for no
/// driver, for one that is too old and for no such device, each with the remedy.
std::vector<std::string> deviceNames();

} // namespace dualpath::cuda
