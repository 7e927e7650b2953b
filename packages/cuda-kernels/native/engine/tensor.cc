#include "tensor.h"

namespace dualpath {

int64_t Tensor::count() const {
  int64_t product = 1;
  for (auto extent : shape)
    product *= extent;
  return product;
}

size_t Tensor::bytes() const { return static_cast<size_t>(count()) * sizeOf(dtype); }

size_t sizeOf(DType dtype) {
  switch (dtype) {
  case DType::U8:
    return 1;
  case DType::BF16:
    return 2;
  default:
    return 4;
  }
}

const char *dtypeName(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return "f32";
  case DType::BF16:
    return "bf16";
  case DType::I32:
    return "i32";
  case DType::U32:
    return "u32";
  case DType::U8:
    return "u8";
  }
  return "f32";
}

const char *layoutName(Layout layout) {
  switch (layout) {
  case Layout::Plain:
    return "plain";
  case Layout::Blocked8:
    return "blocked8";
  case Layout::Blocked16:
    return "blocked16";
  }
  return "plain";
}

size_t reservedBytes(const std::vector<int64_t> &shape, DType dtype) {
  const bool padded = shape.size() == 4 && shape[3] >= 16 && isFloat(dtype);
  size_t bytes = sizeOf(dtype);
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto extent = static_cast<size_t>(shape[i]);
    bytes *= padded && i == 3 ? (extent + 15) / 16 * 16 : extent;
  }
  return bytes;
}

} // namespace dualpath
