#include "product.h"

#include <algorithm>

namespace dualpath::cpu {
namespace {

memory::desc desc(int64_t rows, int64_t columns, bool transposed, int64_t row = 0) {
  const auto step = std::max(row, transposed ? rows : columns);
  return {
      {rows, columns}, memory::data_type::f32, transposed ? memory::dims{1, step} : memory::dims{step, 1}};
}

} // namespace

Product::Product(const Operands &operands) : added_(operands.epilogue.bias) {
  const auto a = desc(operands.m, operands.k, operands.transposeA),
             b = desc(operands.k, operands.n, operands.transposeB, operands.rowB);
  const auto y = desc(operands.m, operands.n, false, operands.rowY);
  const auto bias = added_ ? desc(1, operands.n, false) : memory::desc();
  dnnl::post_ops sum;
  if (operands.accumulate)
    sum.append_sum(1.0f);
  const dnnl::matmul::primitive_desc chosen({a, b, bias, y}, operands.epilogue.attributes(sum), engine());
  primitive_ = dnnl::matmul(chosen);
  a_ = memory(a, engine(), DNNL_MEMORY_NONE);
  b_ = memory(b, engine(), DNNL_MEMORY_NONE);
  y_ = memory(y, engine(), DNNL_MEMORY_NONE);
  bias_ = memory(bias, engine(), DNNL_MEMORY_NONE);
  scratch_ = memory(chosen.scratchpad_desc(), engine(), DNNL_MEMORY_NONE);
  scratchBytes_ = chosen.scratchpad_desc().get_size();
  name_ = chosen.impl_info_str() + std::string(operands.epilogue.name());
}

void Product::run(const float *a, const float *b, float *y, std::byte *scratch) {
  a_.set_data_handle(const_cast<float *>(a));
  b_.set_data_handle(const_cast<float *>(b));
  y_.set_data_handle(y);
  scratch_.set_data_handle(scratch);
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, y_}, {DNNL_ARG_SCRATCHPAD, scratch_}};
  if (added_) {
    bias_.set_data_handle(added_->data);
    arguments[DNNL_ARG_BIAS] = bias_;
  }
  primitive_.execute(stream(), arguments);
}

} // namespace dualpath::cpu
