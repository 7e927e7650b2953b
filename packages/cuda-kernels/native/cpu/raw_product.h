#pragma once

#include "../functors/class_blocks.h"
#include "product.h"

namespace dualpath::cpu {

/// oneDNN's product as functors ask for it.
class RawProduct {
public:
  RawProduct(const Node &node, const functors::ProductSize &size)
      : node_(node), product_(guarded(node, [&] {
          return std::make_shared<Product>(
              Product::Operands{size.m, size.k, size.n, size.transposeA, size.transposeB, size.accumulate});
        })) {}
  size_t scratchBytes() const { return product_->scratchBytes(); }
  void run(const float *a, const float *b, float *y, std::byte *scratch) {
    guarded(node_, [&] { product_->run(a, b, y, scratch); });
  }

private:
  const Node &node_;
  std::shared_ptr<Product> product_;
};

} // namespace dualpath::cpu
