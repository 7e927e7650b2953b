#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dualpath {

enum class DType { F32, BF16, I32, U32, U8 };

/// Order of a rank-4 value in memory; its shape is always logical (N, H, W, C).
/// Plain: N, H, W, C.   Blocked8 and Blocked16, with b channels a block: N, C/b, H, W, b. Only values whose C
/// is a multiple of 16 are ever blocked, so the size is the same. A backend uses one of the two (AVX2: 8,
/// AVX-512: 16).
enum class Layout { Plain, Blocked8, Blocked16 };

/// Neighbouring channels of a block; 0 for Plain.
constexpr int64_t blockOf(Layout layout) {
  return layout == Layout::Blocked16 ? 16 : layout == Layout::Blocked8 ? 8 : 0;
}

/// One value of a plan. `data` is set when the arena exists (feeds: before every step), so kernels keep the
/// pointer to the tensor and read `data` when they run.
struct Tensor {
  std::string name;
  std::vector<int64_t> shape;
  DType dtype = DType::F32;
  Layout layout = Layout::Plain;
  void *data = nullptr;
  /// f32 (2, C), the sum of every channel and that of its squares, where the kernel that writes this value
  /// leaves them (Kernel::leavesSums); else null.
  const Tensor *sums = nullptr;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t count() const;
  size_t bytes() const; // of the elements, without the plan's padding
  template <class T> T *as() const { return static_cast<T *>(data); }
};

size_t sizeOf(DType dtype);
constexpr bool isFloat(DType dtype) { return dtype == DType::F32 || dtype == DType::BF16; }
const char *dtypeName(DType dtype);
const char *layoutName(Layout layout);

/// Bytes that a plan reserves: channels of a rank-4 f32/bf16 value with C >= 16 are rounded up to a multiple
/// of 16.
size_t reservedBytes(const std::vector<int64_t> &shape, DType dtype);

} // namespace dualpath
