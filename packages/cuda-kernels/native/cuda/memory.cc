#include "memory.h"

#include "context.h"
#include "switches.h"

#include <algorithm>

namespace dualpath::cuda {
namespace {

std::byte *allocate(int device, size_t bytes) {
  const OnDevice here(device);
  void *data = nullptr;
  const auto status = cudaMalloc(&data, std::max<size_t>(bytes, 1));
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Failure(Code::OutOfMemory,
                  "cuda:" + std::to_string(device) + ": memory: expected " + std::to_string(bytes) +
                      " bytes, got " + std::to_string(free) + " free of " + std::to_string(total),
                  {{"bytes", static_cast<double>(bytes)},
                   {"freeBytes", static_cast<double>(free)},
                   {"totalBytes", static_cast<double>(total)}});
  }
  requireSuccess(status, "allocation of " + std::to_string(bytes) + " bytes");
  // On a stream that waits for none of the sessions' and that none of them waits for.
  const int byte = switchedOn("DUALPATH_POISON") ? 0xFF : 0; // NaN, so that what no kernel writes is seen
  requireSuccess(cudaMemsetAsync(data, byte, bytes, cudaStreamPerThread), "clearing of new memory");
  requireSuccess(cudaStreamSynchronize(cudaStreamPerThread), "clearing of new memory");
  return static_cast<std::byte *>(data);
}

} // namespace

// Destructors ignore errors: at the end of a process the driver may be gone before its memory.

DeviceRegion::DeviceRegion(int device, size_t bytes)
    : Region(allocate(device, bytes), bytes), device_(device) {}

DeviceRegion::~DeviceRegion() {
  cudaSetDevice(device_);
  cudaFree(data());
}

PinnedMemory::PinnedMemory(int device, size_t bytes) {
  const OnDevice here(device);
  void *data = nullptr;
  requireSuccess(cudaHostAlloc(&data, std::max<size_t>(bytes, 1), cudaHostAllocPortable),
                 "pinned host memory of " + std::to_string(bytes) + " bytes");
  begin = static_cast<std::byte *>(data);
}

PinnedMemory::~PinnedMemory() { cudaFreeHost(begin); }

StagingRegion::StagingRegion(int device, size_t bytes)
    : PinnedMemory(device, bytes), Region(begin, bytes), device_(device), twin_(device, bytes) {
  const OnDevice here(device);
  requireSuccess(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "a stream for copies");
  requireSuccess(cudaEventCreateWithFlags(&sent_, cudaEventDisableTiming), "an event");
}

StagingRegion::~StagingRegion() {
  cudaSetDevice(device_);
  cudaStreamSynchronize(copies_);
  cudaEventDestroy(sent_);
  cudaStreamDestroy(copies_);
}

void StagingRegion::send() {
  const OnDevice here(device_);
  requireSuccess(cudaMemcpyAsync(twin_.data(), data(), size(), cudaMemcpyHostToDevice, copies_),
                 "copy of feeds to the device");
  requireSuccess(cudaEventRecord(sent_, copies_), "an event");
}

void StagingRegion::deliver(std::byte *room, cudaStream_t stream) {
  requireSuccess(cudaStreamWaitEvent(stream, sent_, 0), "wait for the feeds");
  requireSuccess(cudaMemcpyAsync(room, twin_.data(), size(), cudaMemcpyDeviceToDevice, stream),
                 "copy of feeds into place");
}

} // namespace dualpath::cuda
