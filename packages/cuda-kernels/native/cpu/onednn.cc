#include "onednn.h"

#include "../engine/region.h"
#include "../engine/reorder_time.h"

namespace dualpath::cpu {
namespace {

memory::dims imageDims(const Tensor &tensor) {
  const auto &s = tensor.shape;
  return {s[0], s[3], s[1], s[2]};
}

memory::format_tag imageTag(Layout layout) {
  switch (layout) {
  case Layout::Plain:
    return memory::format_tag::nhwc;
  case Layout::Blocked8:
    return memory::format_tag::nChw8c;
  case Layout::Blocked16:
    return memory::format_tag::nChw16c;
  }
  return memory::format_tag::nhwc;
}

} // namespace

memory::data_type dataType(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return memory::data_type::f32;
  case DType::BF16:
    return memory::data_type::bf16;
  case DType::I32:
    return memory::data_type::s32;
  case DType::U8:
    return memory::data_type::u8;
  case DType::U32:
    break;
  }
  throw Failure(Code::DType, "oneDNN: dtype: expected f32, bf16, i32 or u8, got u32");
}

dnnl::engine &engine() {
  static auto *shared =
      new dnnl::engine(dnnl::engine::kind::cpu, 0); // never destroyed: threads may outlive statics
  return *shared;
}

dnnl::stream &stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

Layout imageLayout() {
  constexpr auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core); // a set of bits
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (isa & wanted) == wanted ? Layout::Blocked16 : Layout::Blocked8;
}

memory::desc matrixDesc(const Tensor &tensor) {
  const auto tag = tensor.rank() == 1 ? memory::format_tag::a : memory::format_tag::ab;
  return {tensor.shape, dataType(tensor.dtype), tag};
}

memory::desc imageDesc(const Tensor &tensor) {
  return {imageDims(tensor), dataType(tensor.dtype), imageTag(tensor.layout)};
}

memory::desc anyImageDesc(const Tensor &tensor) {
  return {imageDims(tensor), dataType(tensor.dtype), memory::format_tag::any};
}

Call::Call(dnnl::primitive primitive, const memory::desc &scratchpad) : primitive_(std::move(primitive)) {
  temporary(DNNL_ARG_SCRATCHPAD, scratchpad);
}

size_t Call::reserve(size_t bytes) {
  const auto at = bytes_;
  bytes_ += alignUp(bytes);
  return at;
}

size_t Call::temporary(int argument, const memory::desc &desc) {
  if (desc.get_size() == 0)
    return bytes_;
  Operand operand;
  operand.offset = reserve(desc.get_size());
  operand.wanted = memory(desc, engine(), DNNL_MEMORY_NONE);
  arguments_[argument] = operand.wanted;
  operands_.push_back(std::move(operand));
  return operands_.back().offset;
}

void Call::add(int argument, const Tensor *tensor, const memory::desc &stored, const memory::desc &wanted,
               bool output) {
  Operand operand;
  operand.tensor = tensor;
  operand.output = output;
  operand.wanted = memory(wanted, engine(), DNNL_MEMORY_NONE);
  operand.reordered = stored != wanted;
  if (operand.reordered) {
    operand.stored = memory(stored, engine(), DNNL_MEMORY_NONE);
    operand.offset = reserve(wanted.get_size());
    operand.reorder = output ? dnnl::reorder(operand.wanted, operand.stored)
                             : dnnl::reorder(operand.stored, operand.wanted);
    ++reorders_;
  }
  arguments_[argument] = operand.wanted;
  operands_.push_back(std::move(operand));
}

void Call::input(int argument, const Tensor *tensor, const memory::desc &stored, const memory::desc &wanted) {
  add(argument, tensor, stored, wanted, false);
}

void Call::output(int argument, const Tensor *tensor, const memory::desc &stored,
                  const memory::desc &wanted) {
  add(argument, tensor, stored, wanted, true);
}

void Call::run(std::byte *scratch) {
  for (auto &operand : operands_) {
    const bool direct = operand.tensor && !operand.reordered;
    operand.wanted.set_data_handle(direct ? operand.tensor->data : scratch + operand.offset);
    if (!operand.reordered)
      continue;
    operand.stored.set_data_handle(operand.tensor->data);
    if (!operand.output)
      reorder(operand, operand.stored, operand.wanted);
  }
  primitive_.execute(stream(), arguments_);
  for (auto &operand : operands_)
    if (operand.reordered && operand.output)
      reorder(operand, operand.wanted, operand.stored);
}

void Call::reorder(Operand &operand, const memory &from, const memory &to) {
  const ReorderTime::Span span;
  operand.reorder.execute(stream(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

Kernel kernelOf(const std::string &name, std::shared_ptr<Call> call) {
  const auto suffix = call->reorders() ? " + " + std::to_string(call->reorders()) + " reorder" : "";
  return {name + suffix, call->scratchBytes(), [call](std::byte *scratch) { call->run(scratch); }};
}

} // namespace dualpath::cpu
