#pragma once

#include "convolution_request.h"

#include <memory>
#include <string>

/// The one place that knows cuDNN. Everything here is used on session threads, on a device.
namespace dualpath::cuda {

/// Memory in the roles of a request.
struct ConvolutionMemory {
  void *image, *weights, *result;
  void *bias;  // of an epilogue, else null
  float *sums; // (2, channels) where the request wants them, else null
};

/// A convolution with the engine that cuDNN's heuristics chose for it: deterministic, and without rounding
/// f32 inputs unless TF32 was asked for.
class ConvolutionCall {
public:
  virtual ~ConvolutionCall() = default;
  virtual std::string engine() const = 0;
  virtual size_t workspaceBytes() const = 0;
  /// `workspace` is aligned to 64 bytes.
  virtual void run(const ConvolutionMemory &memory, std::byte *workspace) = 0;
};

/// Throws INTERNAL with cuDNN's words where it has no engine, epilogue and sums included.
std::unique_ptr<ConvolutionCall> convolutionCall(const Node &node, const ConvolutionRequest &request);

/// "9.13.1" of the library that is loaded.
std::string cudnnVersion();
/// Throws VERSION when it is older than the headers.
void requireCudnnVersion();

} // namespace dualpath::cuda
