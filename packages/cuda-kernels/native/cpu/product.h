#pragma once

#include "epilogue.h"

namespace dualpath::cpu {

/// y[m, n] = a[m, k] b[k, n], row-major on raw pointers; with `accumulate` added to what y holds. A
/// transposed operand is stored the other way round. Rows of b and y may lie further apart than they are
/// long. An epilogue is done while y is written.
class Product {
public:
  struct Operands {
    int64_t m, k, n;
    bool transposeA = false, transposeB = false, accumulate = false;
    int64_t rowB = 0, rowY = 0; // floats from one stored row to the next; 0: as long as it is
    Epilogue epilogue{};
  };
  explicit Product(const Operands &operands);

  size_t scratchBytes() const { return scratchBytes_; }
  std::string name() const { return name_; }
  void run(const float *a, const float *b, float *y, std::byte *scratch);

private:
  dnnl::matmul primitive_;
  memory a_, b_, y_, bias_, scratch_;
  const Tensor *added_;
  size_t scratchBytes_ = 0;
  std::string name_;
};

} // namespace dualpath::cpu
