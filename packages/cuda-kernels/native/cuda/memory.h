#pragma once

#include "../engine/region.h"

#include <cuda_runtime.h>

namespace dualpath::cuda {

/// Memory of a device, zero at first. Any thread may free it.
class DeviceRegion : public Region {
public:
  DeviceRegion(int device, size_t bytes); // Failure OUT_OF_MEMORY with the free bytes
  ~DeviceRegion() override;

private:
  int device_;
};

/// Memory of the host that the device can copy from by itself.
struct PinnedMemory {
  PinnedMemory(int device, size_t bytes);
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory &) = delete;
  PinnedMemory &operator=(const PinnedMemory &) = delete;
  std::byte *begin;
};

/// Pinned host memory with a twin on the device. What is written here moves to the twin while the device
/// still computes the step before, on a stream of its own.
class StagingRegion : private PinnedMemory, public Region {
public:
  StagingRegion(int device, size_t bytes);
  ~StagingRegion() override;

  void send();
  /// Makes `stream` wait for the twin and copy it to `room`.
  void deliver(std::byte *room, cudaStream_t stream);

private:
  int device_;
  DeviceRegion twin_;
  cudaStream_t copies_ = nullptr;
  cudaEvent_t sent_ = nullptr;
};

} // namespace dualpath::cuda
