#pragma once

#include <cuda_runtime.h>
#include <functional>
#include <string>

/// A device that is played on the host, so that everything of the CUDA backend but cuDNN, cuBLASLt and nvcc's
/// output runs where there is none. It takes work on as late as it may: nothing is done before somebody waits
/// for its stream.
namespace dualpath::host_device {

using Work = std::function<void()>;

/// Takes work on: it is done in its turn, or in every replay of the graph that the stream is recording.
/// `what` is written to the journal.
cudaError_t enqueue(cudaStream_t stream, const std::string &what, Work work);

/// What a test asks for in DUALPATH_HOST_DEVICE, such as "driver=12040,cudaMalloc=2": a number by name.
long setting(const std::string &name, long otherwise);

} // namespace dualpath::host_device
