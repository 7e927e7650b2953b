#pragma once

#include "../engine/biased_product.h"
#include "onednn.h"

namespace dualpath::cpu {

/// What a kernel does to the sums of a product before it stores them.
struct Epilogue {
  const Tensor *bias = nullptr; // one number for each of the product's columns, or output channels
  bool relu = false;

  /// What stands behind a kernel's name.
  const char *name() const { return !bias ? "" : relu ? " with bias and ReLU" : " with bias"; }
  /// How the library is asked for the ReLU, as the last of what it does; its scratch comes from the caller.
  dnnl::primitive_attr attributes(dnnl::post_ops after = {}) const {
    if (relu)
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    attr.set_post_ops(after);
    return attr;
  }
};

inline Epilogue epilogueOf(const BiasedProduct &whole) { return {whole.bias, whole.relu}; }

} // namespace dualpath::cpu
