#include "../../cuda/cudnn.h"

#include "../../cuda/context.h"
#include "floats.h"
#include "runtime.h"

#include <cstring>

// Convolutions by plain loops that obey the request, in place of cuda/cudnn.cc.

extern "C" size_t cudnnGetVersion() {
  return static_cast<size_t>(dualpath::host_device::setting("cudnn", 91301));
}

namespace dualpath::cuda {
namespace {

/// The elements of a request's tensor as floats.
class View {
public:
  View(const TensorRequest &tensor, void *data)
      : tensor_(tensor), data_(data),
        floats_(host_device::readFloats(data, tensor.type, countOf(tensor.extents))) {}

  float *at(int64_t outer, int64_t inner, int64_t row, int64_t column) {
    const auto &s = tensor_.strides;
    return floats_.data() + outer * s[0] + inner * s[1] + row * s[2] + column * s[3];
  }
  void clear() { std::fill(floats_.begin(), floats_.end(), 0.0f); }
  void store() const { host_device::writeFloats(floats_, data_, tensor_.type); }

private:
  static int64_t countOf(const std::vector<int64_t> &extents) {
    int64_t count = 1;
    for (auto extent : extents)
      count *= extent;
    return count;
  }
  const TensorRequest &tensor_;
  void *data_;
  std::vector<float> floats_;
};

/// visit(image's pixel, weights' tap, result's pixel): pointers to channel 0 of each, for one group.
template <class Visit>
void each(const ConvolutionRequest &request, View &image, View &weights, View &result, Visit visit) {
  const auto &x = request.image.extents, &w = request.weights.extents, &y = request.result.extents;
  const int64_t outputs = w[0] / (x[1] / w[1]);
  for (int64_t n = 0; n < y[0]; ++n)
    for (int64_t row = 0; row < y[2]; ++row)
      for (int64_t column = 0; column < y[3]; ++column)
        for (int64_t o = 0; o < y[1]; ++o)
          for (int64_t kh = 0; kh < w[2]; ++kh)
            for (int64_t kw = 0; kw < w[3]; ++kw) {
              const int64_t h = row * request.strides[0] - request.padding[0] + kh * request.dilations[0],
                            v = column * request.strides[1] - request.padding[1] + kw * request.dilations[1];
              if (h < 0 || h >= x[2] || v < 0 || v >= x[3])
                continue;
              visit(image.at(n, o / outputs * w[1], h, v), weights.at(o, 0, kh, kw),
                    result.at(n, o, row, column));
            }
}

void accumulate(const ConvolutionRequest &request, View &image, View &weights, View &result) {
  const int64_t channels = request.weights.extents[1];
  switch (request.pass) {
  case ConvolutionPass::Forward:
    return each(request, image, weights, result, [=](const float *from, const float *tap, float *to) {
      float sum = 0;
      for (int64_t i = 0; i < channels; ++i)
        sum += from[i] * tap[i];
      *to += sum;
    });
  case ConvolutionPass::GradX:
    return each(request, image, weights, result, [=](float *to, const float *tap, const float *from) {
      for (int64_t i = 0; i < channels; ++i)
        to[i] += *from * tap[i];
    });
  case ConvolutionPass::GradW:
    return each(request, image, weights, result, [=](const float *seen, float *to, const float *from) {
      for (int64_t i = 0; i < channels; ++i)
        to[i] += *from * seen[i];
    });
  }
}

void addEpilogue(const ConvolutionRequest &request, View &result, const float *bias) {
  const auto &e = request.result.extents;
  for (int64_t n = 0; n < e[0]; ++n)
    for (int64_t o = 0; o < e[1]; ++o)
      for (int64_t row = 0; row < e[2]; ++row)
        for (int64_t column = 0; column < e[3]; ++column) {
          float &sum = *result.at(n, o, row, column);
          sum += bias[o];
          if (request.epilogue == Epilogue::BiasRelu)
            sum = std::max(sum, 0.0f);
        }
}

/// Of what was not rounded yet, one after the other.
void addUp(const ConvolutionRequest &request, View &result, float *sums) {
  const auto &e = request.result.extents;
  for (int64_t o = 0; o < e[1]; ++o) {
    float plain = 0, squared = 0;
    for (int64_t n = 0; n < e[0]; ++n)
      for (int64_t row = 0; row < e[2]; ++row)
        for (int64_t column = 0; column < e[3]; ++column) {
          const float value = *result.at(n, o, row, column);
          plain += value;
          squared += value * value;
        }
    sums[o] = plain, sums[e[1] + o] = squared;
  }
}

void convolve(const ConvolutionRequest &request, const ConvolutionMemory &memory) {
  View image(request.image, memory.image), weights(request.weights, memory.weights),
      result(request.result, memory.result);
  View &computed = request.pass == ConvolutionPass::Forward ? result
                   : request.pass == ConvolutionPass::GradX ? image
                                                            : weights;
  computed.clear();
  accumulate(request, image, weights, result);
  if (request.epilogue != Epilogue::None)
    addEpilogue(request, result, static_cast<const float *>(memory.bias));
  if (request.sums)
    addUp(request, result, memory.sums);
  computed.store();
}

class LoopCall final : public ConvolutionCall {
public:
  explicit LoopCall(ConvolutionRequest request) : request_(std::move(request)) {}
  std::string engine() const override { return "cuDNN loops"; }
  size_t workspaceBytes() const override { return workspace; }
  void run(const ConvolutionMemory &memory, std::byte *bytes) override {
    const auto work = [=, this] {
      std::memset(bytes, 0xFF, workspace);
      convolve(request_, memory);
    };
    requireSuccess(host_device::enqueue(stream(), "convolution", work), "convolution");
  }

private:
  static constexpr size_t workspace = 4096;
  const ConvolutionRequest request_;
};

/// cuDNN takes both inputs in one type, and need not have an engine from bf16 to f32, nor one with an
/// epilogue or with sums.
bool hasEngine(const ConvolutionRequest &request) {
  if (request.sums && host_device::setting("statistics", 1) == 0)
    return false;
  if (request.epilogue != Epilogue::None && host_device::setting("epilogues", 1) == 0)
    return false;
  const auto type = request.narrow() ? DType::BF16 : DType::F32;
  for (auto *tensor : {&request.image, &request.weights, &request.result})
    if (tensor->type != type && tensor != &request.computed())
      return false;
  return request.computed().type == type || host_device::setting("widening", 1) != 0;
}

} // namespace

std::unique_ptr<ConvolutionCall> convolutionCall(const Node &node, const ConvolutionRequest &request) {
  if (!hasEngine(request))
    throw Failure(Code::Internal, node.op + " '" + node.name + "': cuDNN: expected an engine, got none");
  return std::make_unique<LoopCall>(request);
}

} // namespace dualpath::cuda
