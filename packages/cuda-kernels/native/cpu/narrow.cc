#include "narrow.h"

#include "../engine/processor.h"
#include "../engine/product_types.h"
#include "../engine/region.h"
#include "../functors/cast.h"
#include "launch.h"

#include <cstdlib>
#include <memory>
#include <string_view>

namespace dualpath::cpu {
namespace {

using functors::Cast;

bool widens() {
  const char *value = std::getenv("DUALPATH_BF16");
  return value && std::string_view(value) == "widen";
}

template <class From, class To> void convert(const Tensor &from, const Tensor &to) {
  Backend::elements(from.count(), Cast<From, To>{from.as<From>(), to.as<To>()});
}

/// A node that sees f32 copies.
class Widened {
public:
  Widened(const Node &node, Prepare floats) : seen_(node) {
    for (auto *&input : seen_.inputs)
      input = widen(input, true);
    for (auto *&output : seen_.outputs)
      output = widen(output, false);
    kernel_ = floats(seen_);
  }

  std::string name() const { return kernel_.name + " on widened copies"; }
  size_t scratchBytes() const { return copiesBytes_ + kernel_.scratchBytes; }
  void run(std::byte *scratch) const {
    for (const auto &copy : copies_) {
      copy.floats->data = scratch + copy.offset;
      if (copy.read)
        convert<BFloat16, float>(*copy.original, *copy.floats);
    }
    kernel_.run(scratch + copiesBytes_);
    for (const auto &copy : copies_)
      if (!copy.read)
        convert<float, BFloat16>(*copy.floats, *copy.original);
  }

private:
  struct Copy {
    const Tensor *original;
    std::unique_ptr<Tensor> floats;
    size_t offset;
    bool read;
  };

  Tensor *widen(Tensor *tensor, bool read) {
    if (tensor->dtype != DType::BF16)
      return tensor;
    auto floats = std::make_unique<Tensor>(*tensor);
    floats->dtype = DType::F32;
    copies_.push_back({tensor, std::move(floats), copiesBytes_, read});
    copiesBytes_ += alignUp(copies_.back().floats->bytes());
    return copies_.back().floats.get();
  }

  Node seen_;
  std::vector<Copy> copies_;
  size_t copiesBytes_ = 0;
  Kernel kernel_;
};

} // namespace

std::string bfloat16Gap() {
  if (widens() || processorHas("avx512bf16"))
    return "";
  return "processor: expected AVX-512 BF16, got none";
}

Kernel widened(const Node &node, Prepare floats) {
  const auto made = std::make_shared<Widened>(node, floats);
  return {made->name(), made->scratchBytes(), [made](std::byte *scratch) { made->run(scratch); }};
}

Kernel byStorage(const Node &node, Prepare floats, Prepare library) {
  if (!readsNarrow(node))
    return floats(node);
  if (widens())
    return widened(node, floats);
  if (const auto gap = bfloat16Gap(); !gap.empty())
    throw Failure(Code::Device, node.op + " '" + node.name + "': " + gap,
                  {{"op", node.op}, {"node", node.name}});
  return library(node);
}

} // namespace dualpath::cpu
