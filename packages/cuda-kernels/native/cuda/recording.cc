#include "recording.h"

#include "context.h"

namespace dualpath::cuda {
namespace {

/// A capture that ends with the scope, whatever happens in it.
class Capture {
public:
  explicit Capture(cudaStream_t stream) : stream_(stream) {
    requireSuccess(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "start of a capture");
  }
  ~Capture() {
    if (!ended_)
      cudaStreamEndCapture(stream_, &graph_);
    if (graph_)
      cudaGraphDestroy(graph_);
  }
  Capture(const Capture &) = delete;
  Capture &operator=(const Capture &) = delete;

  cudaGraph_t end() {
    ended_ = true;
    requireSuccess(cudaStreamEndCapture(stream_, &graph_),
                   "capture of a step (DUALPATH_NO_GRAPH=1 runs it node by node)");
    return graph_;
  }

private:
  cudaStream_t stream_;
  cudaGraph_t graph_ = nullptr;
  bool ended_ = false;
};

} // namespace

GraphRecording::GraphRecording(const std::function<void()> &work) {
  Capture capture(stream());
  work();
  requireSuccess(cudaGraphInstantiate(&graph_, capture.end(), 0), "making of a graph");
}

GraphRecording::~GraphRecording() { cudaGraphExecDestroy(graph_); }

void GraphRecording::replay() const { requireSuccess(cudaGraphLaunch(graph_, stream()), "launch of a step"); }

} // namespace dualpath::cuda
