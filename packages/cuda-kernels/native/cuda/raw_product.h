#pragma once

#include "../functors/class_blocks.h"
#include "cublaslt.h"

namespace dualpath::cuda {

/// cuBLASLt's product as functors ask for it.
class RawProduct {
public:
  RawProduct(const Node &node, const functors::ProductSize &size)
      : call_(matmulCall(node, rawProductRequest(size.m, size.k, size.n, size.transposeA, size.transposeB,
                                                 size.accumulate, node.attributes.boolean("tf32", false)))) {}
  size_t scratchBytes() const { return call_->workspaceBytes(); }
  void run(const float *a, const float *b, float *y, std::byte *scratch) { call_->run(b, a, y, scratch); }

private:
  std::unique_ptr<MatmulCall> call_;
};

} // namespace dualpath::cuda
