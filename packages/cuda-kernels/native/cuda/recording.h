#pragma once

#include "../engine/backend.h"

#include <cuda_runtime.h>

namespace dualpath::cuda {

/// Everything that some work launches on this thread's stream, as one CUDA graph.
class GraphRecording : public Recording {
public:
  explicit GraphRecording(const std::function<void()> &work);
  ~GraphRecording() override;
  GraphRecording(const GraphRecording &) = delete;
  GraphRecording &operator=(const GraphRecording &) = delete;
  void replay() const override;

private:
  cudaGraphExec_t graph_ = nullptr;
};

} // namespace dualpath::cuda
