#include "convolution_products.h"
#include "kernels.h"
#include "narrow.h"
#include "winograd.h"

#include <algorithm>
#include <string_view>

namespace dualpath::cpu {
namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;

memory::dims weightDims(const ConvolutionShape &shape) {
  const auto &w = shape.weights->shape;
  if (shape.groups == 1)
    return w;
  return {shape.groups, w[0] / shape.groups, w[1], w[2], w[3]};
}

memory::desc weightDesc(const ConvolutionShape &shape) {
  const auto tag = shape.groups == 1 ? memory::format_tag::oihw : memory::format_tag::goihw;
  return {weightDims(shape), dataType(shape.weights->dtype), tag};
}

memory::desc anyWeightDesc(const ConvolutionShape &shape) {
  return {weightDims(shape), dataType(shape.weights->dtype), memory::format_tag::any};
}

bool isNarrow(const Tensor *tensor) { return tensor->dtype == DType::BF16; }

/// Descriptions of source and destination that the library is asked for.
struct Images {
  memory::desc source, destination;
};

convolution_forward::primitive_desc forwardDesc(const ConvolutionShape &s, const Images &images,
                                                const Epilogue &epilogue = {}) {
  const auto bias = epilogue.bias ? matrixDesc(*epilogue.bias) : memory::desc();
  const convolution_forward::desc desc(dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_auto,
                                       images.source, anyWeightDesc(s), bias, images.destination, s.strides,
                                       s.gaps, s.padBegin, s.padEnd);
  return {desc, epilogue.attributes(), engine()};
}

/// The forward convolution that belongs to a gradient. A gradient of bf16 inputs may be f32; the forward one
/// is in bf16 throughout.
convolution_forward::primitive_desc hint(const ConvolutionShape &s, const Images &images) {
  const auto narrow = [](memory::desc desc) {
    desc.data.data_type = dnnl_bf16;
    return desc;
  };
  const std::initializer_list<const Tensor *> operands{s.source, s.weights, s.destination};
  if (std::none_of(operands.begin(), operands.end(), isNarrow))
    return forwardDesc(s, images);
  const convolution_forward::desc desc(dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_auto,
                                       narrow(images.source), narrow(anyWeightDesc(s)),
                                       narrow(images.destination), s.strides, s.gaps, s.padBegin, s.padEnd);
  return {desc, Epilogue{}.attributes(), engine()};
}

convolution_backward_data::primitive_desc gradSourceDesc(const ConvolutionShape &s, const Images &images) {
  const convolution_backward_data::desc desc(dnnl::algorithm::convolution_auto, images.source,
                                             anyWeightDesc(s), images.destination, s.strides, s.gaps,
                                             s.padBegin, s.padEnd);
  return {desc, Epilogue{}.attributes(), engine(), hint(s, images)};
}

convolution_backward_weights::primitive_desc gradWeightsDesc(const ConvolutionShape &s,
                                                             const Images &images) {
  const convolution_backward_weights::desc desc(dnnl::algorithm::convolution_auto, images.source,
                                                anyWeightDesc(s), images.destination, s.strides, s.gaps,
                                                s.padBegin, s.padEnd);
  return {desc, Epilogue{}.attributes(), engine(), hint(s, images)};
}

bool isSlow(const char *implementation) {
  const std::string_view name(implementation);
  return name.find("ref") != name.npos || name.find("gemm") != name.npos;
}

/// Images as they are stored when a fast implementation takes them. Else plain ones are left to the library,
/// then all: what it chooses costs reorders.
template <class Pass> auto choose(const Pass &pass) {
  const auto &x = *pass.shape.source, &y = *pass.shape.destination;
  const Images stored{imageDesc(x), imageDesc(y)};
  auto desc = pass.describe(stored);
  if (!isSlow(desc.impl_info_str()))
    return desc;
  const bool plainX = x.layout == Layout::Plain, plainY = y.layout == Layout::Plain;
  const Images plainFree{plainX ? anyImageDesc(x) : stored.source,
                         plainY ? anyImageDesc(y) : stored.destination};
  const Images free{anyImageDesc(x), anyImageDesc(y)};
  for (const auto &images : {plainFree, free}) {
    auto other = pass.describe(images);
    if (!isSlow(other.impl_info_str()))
      return other;
  }
  return desc;
}

/// The library's direct kernels keep a row of outputs in registers: a short one leaves most of them idle.
bool hasShortRows(const ConvolutionShape &shape) {
  return shape.weights->shape[3] > 1 && shape.destination->shape[2] < 4;
}

/// Without AVX-512 its strided kernels read the weights again for every few outputs: many do not stay in the
/// cache.
bool rereadsWeights(const ConvolutionShape &shape) {
  constexpr int64_t cached = int64_t{2} << 20;
  return imageLayout() == Layout::Blocked8 && shape.strides[1] > 1 && shape.weights->shape[3] > 1 &&
         shape.weights->count() * static_cast<int64_t>(sizeof(float)) > cached;
}

/// Such convolutions, and what the library only does by its reference loops, go through matrix products.
bool needsProducts(const ConvolutionShape &shape, const char *implementation) {
  return shape.groups == 1 && (hasShortRows(shape) || rereadsWeights(shape) || isSlow(implementation));
}

/// So do sequences, but for pointwise ones forward, where the library's own kernel is the faster one.
bool forwardNeedsProducts(const ConvolutionShape &shape, const char *implementation) {
  const bool pairs = isSequence(shape) && shape.weights->shape[3] > 1;
  return needsProducts(shape, implementation) || (shape.groups == 1 && pairs);
}

bool gradientNeedsProducts(const ConvolutionShape &shape, const char *implementation) {
  return needsProducts(shape, implementation) || (shape.groups == 1 && isSequence(shape));
}

/// The passes: how the library is asked, how its call is fed, and what may do better.
struct Forward {
  ConvolutionShape shape;
  Epilogue epilogue{};

  explicit Forward(const Node &node) : shape(convolutionShape(node)) {}
  auto describe(const Images &images) const { return forwardDesc(shape, images, epilogue); }
  bool prefersProducts(const char *implementation) const {
    return forwardNeedsProducts(shape, implementation);
  }
  Kernel byWinograd() const { return conv2dByWinograd(shape, epilogue); }
  Kernel byProducts() const { return conv2dByProducts(shape, epilogue); }
  Kernel byLibrary(const convolution_forward::primitive_desc &desc) const {
    auto call = std::make_shared<Call>(convolution_forward(desc), desc.scratchpad_desc());
    call->input(DNNL_ARG_SRC, shape.source, imageDesc(*shape.source), desc.src_desc());
    call->input(DNNL_ARG_WEIGHTS, shape.weights, weightDesc(shape), desc.weights_desc());
    if (epilogue.bias)
      call->input(DNNL_ARG_BIAS, epilogue.bias, matrixDesc(*epilogue.bias), desc.bias_desc());
    call->output(DNNL_ARG_DST, shape.destination, imageDesc(*shape.destination), desc.dst_desc());
    return kernelOf(desc.impl_info_str() + std::string(epilogue.name()), call);
  }
};

struct ForwardWithBias : Forward {
  explicit ForwardWithBias(const Node &node) : ForwardWithBias(biasedProduct(node, "conv2d")) {}
  explicit ForwardWithBias(const BiasedProduct &whole) : Forward(whole.product) {
    epilogue = epilogueOf(whole);
  }
};

struct GradSource {
  ConvolutionShape shape;

  explicit GradSource(const Node &node) : shape(convolutionShape(node)) {}
  auto describe(const Images &images) const { return gradSourceDesc(shape, images); }
  bool prefersProducts(const char *implementation) const {
    return gradientNeedsProducts(shape, implementation);
  }
  Kernel byWinograd() const { return conv2dGradXByWinograd(shape); }
  Kernel byProducts() const { return conv2dGradXByProducts(shape); }
  Kernel byLibrary(const convolution_backward_data::primitive_desc &desc) const {
    auto call = std::make_shared<Call>(convolution_backward_data(desc), desc.scratchpad_desc());
    call->input(DNNL_ARG_DIFF_DST, shape.destination, imageDesc(*shape.destination), desc.diff_dst_desc());
    call->input(DNNL_ARG_WEIGHTS, shape.weights, weightDesc(shape), desc.weights_desc());
    call->output(DNNL_ARG_DIFF_SRC, shape.source, imageDesc(*shape.source), desc.diff_src_desc());
    return kernelOf(desc.impl_info_str(), call);
  }
};

struct GradWeights {
  ConvolutionShape shape;

  explicit GradWeights(const Node &node) : shape(convolutionShape(node)) {}
  auto describe(const Images &images) const { return gradWeightsDesc(shape, images); }
  bool prefersProducts(const char *implementation) const {
    return gradientNeedsProducts(shape, implementation);
  }
  Kernel byWinograd() const { return conv2dGradWByWinograd(shape); }
  Kernel byProducts() const { return conv2dGradWByProducts(shape); }
  Kernel byLibrary(const convolution_backward_weights::primitive_desc &desc) const {
    auto call = std::make_shared<Call>(convolution_backward_weights(desc), desc.scratchpad_desc());
    call->input(DNNL_ARG_SRC, shape.source, imageDesc(*shape.source), desc.src_desc());
    call->input(DNNL_ARG_DIFF_DST, shape.destination, imageDesc(*shape.destination), desc.diff_dst_desc());
    call->output(DNNL_ARG_DIFF_WEIGHTS, shape.weights, weightDesc(shape), desc.diff_weights_desc());
    return kernelOf(desc.impl_info_str(), call);
  }
};

template <class Pass> Kernel floats(const Node &node) {
  const Pass pass(node);
  if (prefersWinograd(pass.shape))
    return pass.byWinograd();
  return guarded(node, [&] {
    const auto desc = choose(pass);
    return pass.prefersProducts(desc.impl_info_str()) ? pass.byProducts() : pass.byLibrary(desc);
  });
}

/// bf16 by the library's kernels; where it has none but its reference loops, f32 is the faster.
template <class Pass> Kernel narrow(const Node &node) {
  const Pass pass(node);
  return guarded(node, [&] {
    const auto desc = choose(pass);
    return isSlow(desc.impl_info_str()) ? widened(node, floats<Pass>) : pass.byLibrary(desc);
  });
}

} // namespace

Kernel conv2d(const Node &node) { return byStorage(node, floats<Forward>, narrow<Forward>); }
Kernel conv2dBias(const Node &node) {
  biasedProduct(node, "conv2d"); // a bias that does not fit is refused before its type chooses the kernel
  return byStorage(node, floats<ForwardWithBias>, narrow<ForwardWithBias>);
}
Kernel conv2dGradX(const Node &node) { return byStorage(node, floats<GradSource>, narrow<GradSource>); }
Kernel conv2dGradW(const Node &node) { return byStorage(node, floats<GradWeights>, narrow<GradWeights>); }

} // namespace dualpath::cpu
