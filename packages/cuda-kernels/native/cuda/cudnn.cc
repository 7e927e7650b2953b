#include "cudnn.h"

#include "context.h"

#include <cudnn_frontend.h>

namespace dualpath::cuda {
namespace {

namespace fe = cudnn_frontend;

/// One handle a session thread, on the thread's stream.
class Handle {
public:
  Handle() {
    require(cudnnCreate(&handle_), "a handle");
    require(cudnnSetStream(handle_, stream()), "the stream");
  }
  ~Handle() { cudnnDestroy(handle_); }
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  cudnnHandle_t get() const { return handle_; }

private:
  static void require(cudnnStatus_t status, const std::string &what) {
    if (status != CUDNN_STATUS_SUCCESS)
      throw Failure(Code::Device, "cuDNN: " + what + ": expected success, got " + cudnnGetErrorString(status),
                    {{"status", static_cast<double>(status)}});
  }
  cudnnHandle_t handle_ = nullptr;
};

cudnnHandle_t handle() {
  static thread_local Handle own;
  return own.get();
}

void require(const Node &node, fe::error_t status, const std::string &what) {
  if (status.is_bad())
    throw Failure(Code::Internal,
                  node.op + " '" + node.name + "': cuDNN: " + what + ": expected success, got " +
                      status.get_message(),
                  {{"op", node.op}, {"node", node.name}, {"status", static_cast<double>(status.get_code())}});
}

enum Uid : int64_t { imageUid = 1, weightsUid, resultUid, biasUid, sumsUid, squaresUid };

fe::DataType_t typeOf(const TensorRequest &tensor) {
  return tensor.type == DType::BF16 ? fe::DataType_t::BFLOAT16 : fe::DataType_t::FLOAT;
}

fe::graph::Tensor_attributes describe(const TensorRequest &tensor, Uid uid) {
  return fe::graph::Tensor_attributes()
      .set_uid(uid)
      .set_dim(tensor.extents)
      .set_stride(tensor.strides)
      .set_data_type(typeOf(tensor));
}

template <class Attributes> Attributes geometry(const ConvolutionRequest &request) {
  return Attributes()
      .set_padding(request.padding)
      .set_stride(request.strides)
      .set_dilation(request.dilations);
}

void finish(const std::shared_ptr<fe::graph::Tensor_attributes> &output, const TensorRequest &tensor,
            Uid uid) {
  output->set_output(true)
      .set_uid(uid)
      .set_dim(tensor.extents)
      .set_stride(tensor.strides)
      .set_data_type(typeOf(tensor));
}

using Operand = std::shared_ptr<fe::graph::Tensor_attributes>;

/// A number for each channel of the result.
TensorRequest channelVector(const ConvolutionRequest &request) {
  const int64_t channels = request.result.extents[1];
  return {{1, channels, 1, 1}, {channels, 1, channels, channels}};
}

/// What is written of a forward convolution's sums.
Operand withEpilogue(fe::graph::Graph &graph, const ConvolutionRequest &request, const Operand &sums) {
  if (request.epilogue == Epilogue::None)
    return sums;
  const auto pointwise = [](fe::PointwiseMode_t mode) {
    return fe::graph::Pointwise_attributes().set_mode(mode);
  };
  const auto shifted = graph.pointwise(sums, graph.tensor(describe(channelVector(request), biasUid)),
                                       pointwise(fe::PointwiseMode_t::ADD));
  return request.epilogue == Epilogue::Bias
             ? shifted
             : graph.pointwise(shifted, pointwise(fe::PointwiseMode_t::RELU_FWD));
}

void addForward(fe::graph::Graph &graph, const ConvolutionRequest &request) {
  const auto y = withEpilogue(graph, request,
                              graph.conv_fprop(graph.tensor(describe(request.image, imageUid)),
                                               graph.tensor(describe(request.weights, weightsUid)),
                                               geometry<fe::graph::Conv_fprop_attributes>(request)));
  finish(y, request.result, resultUid);
  if (!request.sums)
    return;
  const auto [sums, squares] = graph.genstats(y, fe::graph::Genstats_attributes());
  finish(sums, channelVector(request), sumsUid);
  finish(squares, channelVector(request), squaresUid);
}

void addConvolution(fe::graph::Graph &graph, const ConvolutionRequest &request) {
  const auto &[pass, image, weights, result, padding, strides, dilations, margins, tf32, epilogue, sums] =
      request;
  if (pass == ConvolutionPass::Forward)
    return addForward(graph, request);
  const auto dy = graph.tensor(describe(result, resultUid));
  if (pass == ConvolutionPass::GradX)
    return finish(graph.conv_dgrad(dy, graph.tensor(describe(weights, weightsUid)),
                                   geometry<fe::graph::Conv_dgrad_attributes>(request)),
                  image, imageUid);
  finish(graph.conv_wgrad(dy, graph.tensor(describe(image, imageUid)),
                          geometry<fe::graph::Conv_wgrad_attributes>(request)),
         weights, weightsUid);
}

/// Tensor cores take no f32: an engine that uses them rounds what it reads.
std::vector<fe::NumericalNote_t> unwanted(const ConvolutionRequest &request) {
  std::vector<fe::NumericalNote_t> notes{fe::NumericalNote_t::NONDETERMINISTIC,
                                         fe::NumericalNote_t::REDUCED_PRECISION_REDUCTION};
  if (!request.tf32 && !request.narrow())
    notes.insert(notes.end(), {fe::NumericalNote_t::TENSOR_CORE, fe::NumericalNote_t::DOWN_CONVERT_INPUTS});
  return notes;
}

class GraphCall final : public ConvolutionCall {
public:
  GraphCall(const Node &node, const ConvolutionRequest &request)
      : node_(node), channels_(request.result.extents[1]) {
    graph_.set_io_data_type(fe::DataType_t::FLOAT)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    addConvolution(graph_, request);
    require(node, graph_.validate(), "description");
    require(node, graph_.build_operation_graph(handle()), "operation graph");
    require(node, graph_.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}), "engines");
    graph_.deselect_numeric_notes(unwanted(request));
    require(node, graph_.check_support(), "an engine that fits");
    require(node, graph_.build_plans(fe::BuildPlanPolicy_t::HEURISTICS_CHOICE), "plan");
    require(node, graph_.get_workspace_size(workspaceBytes_), "workspace");
    require(node, graph_.get_plan_name(engine_), "name of the engine");
  }

  std::string engine() const override { return "cuDNN " + engine_; }
  size_t workspaceBytes() const override { return static_cast<size_t>(workspaceBytes_); }
  void run(const ConvolutionMemory &memory, std::byte *workspace) override {
    std::unordered_map<int64_t, void *> pointers{
        {imageUid, memory.image}, {weightsUid, memory.weights}, {resultUid, memory.result}};
    if (memory.bias)
      pointers[biasUid] = memory.bias;
    if (memory.sums)
      pointers[sumsUid] = memory.sums, pointers[squaresUid] = memory.sums + channels_;
    require(node_, graph_.execute(handle(), pointers, workspace), "execution");
  }

private:
  const Node &node_;
  const int64_t channels_; // of the result
  fe::graph::Graph graph_;
  int64_t workspaceBytes_ = 0;
  std::string engine_;
};

} // namespace

std::unique_ptr<ConvolutionCall> convolutionCall(const Node &node, const ConvolutionRequest &request) {
  return std::make_unique<GraphCall>(node, request);
}

} // namespace dualpath::cuda
