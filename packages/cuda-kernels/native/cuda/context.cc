#include "context.h"

#include <memory>
#include <optional>

namespace dualpath::cuda {
namespace {

struct Thread {
  std::unique_ptr<Context> context;
  std::optional<Failure> lost;
};

Thread &current() {
  static thread_local Thread thread;
  return thread;
}

/// Errors after which the driver refuses every further call of the process on that device.
bool isSticky(cudaError_t status) {
  switch (status) {
  case cudaErrorIllegalAddress:
  case cudaErrorIllegalInstruction:
  case cudaErrorMisalignedAddress:
  case cudaErrorInvalidAddressSpace:
  case cudaErrorInvalidPc:
  case cudaErrorHardwareStackError:
  case cudaErrorLaunchFailure:
  case cudaErrorLaunchTimeout:
  case cudaErrorAssert:
  case cudaErrorECCUncorrectable:
    return true;
  default:
    return false;
  }
}

Failure failureOf(cudaError_t status, const std::string &what) {
  const auto code = status == cudaErrorMemoryAllocation ? Code::OutOfMemory : Code::Device;
  return {code,
          "cuda: " + what + ": expected success, got " + cudaGetErrorName(status) + ", " +
              cudaGetErrorString(status),
          {{"status", static_cast<double>(status)}, {"call", what}}};
}

} // namespace

Context::Context(int device) : device_(device) {
  requireSuccess(cudaSetDevice(device), "choice of device " + std::to_string(device));
  requireSuccess(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
}

Context::~Context() { cudaStreamDestroy(stream_); }

void enterContext(int device) {
  auto &thread = current();
  try {
    thread.context = std::make_unique<Context>(device);
  } catch (const Failure &failure) {
    thread.lost = failure;
  }
}

const Context &context() {
  const auto &thread = current();
  if (thread.lost)
    throw *thread.lost;
  if (!thread.context)
    throw Failure(Code::Internal, "cuda: context: expected a session's thread, got another");
  return *thread.context;
}

void requireSuccess(cudaError_t status, const std::string &what) {
  if (status == cudaSuccess)
    return;
  auto failure = failureOf(status, what);
  cudaGetLastError(); // what can be cleared is cleared
  if (isSticky(status)) {
    failure.message += "; the device lost this process's work: dispose the Store and start a new process";
    current().lost = failure;
  }
  throw failure;
}

OnDevice::OnDevice(int device) {
  requireSuccess(cudaGetDevice(&before_), "current device");
  requireSuccess(cudaSetDevice(device), "choice of device " + std::to_string(device));
}

OnDevice::~OnDevice() { cudaSetDevice(before_); }

} // namespace dualpath::cuda
