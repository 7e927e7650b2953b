#pragma once

#include "../engine/failure.h"

#include <cuda_runtime.h>
#include <string>

namespace dualpath::cuda {

/// Device and stream of a session's thread.
class Context {
public:
  explicit Context(int device);
  ~Context();
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

private:
  int device_;
  cudaStream_t stream_ = nullptr;
};

/// Opens this thread's context. It does not throw: whoever asks for the context learns what went wrong.
void enterContext(int device);

/// This thread's context. Throws DEVICE when it could not be opened, and after an error that no later call
/// can clear: then only this thread's Store is lost.
const Context &context();
inline cudaStream_t stream() { return context().stream(); }

/// Throws DEVICE or OUT_OF_MEMORY for anything but success. `what` names the call.
void requireSuccess(cudaError_t status, const std::string &what);

/// Calls of any thread between construction and end of scope go to this device.
class OnDevice {
public:
  explicit OnDevice(int device);
  ~OnDevice();
  OnDevice(const OnDevice &) = delete;
  OnDevice &operator=(const OnDevice &) = delete;

private:
  int before_ = 0;
};

} // namespace dualpath::cuda
