#pragma once

#include <cstddef>
#include <memory>

namespace dualpath {

/// One block of host memory, aligned to at least 64 bytes and zero at first. Large blocks ask for huge pages.
class Region {
public:
  explicit Region(size_t bytes); // Failure OUT_OF_MEMORY
  ~Region();
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;

  std::byte *data() const { return data_; }
  size_t size() const { return size_; }

private:
  std::byte *data_ = nullptr;
  size_t size_ = 0;
};

constexpr size_t alignUp(size_t bytes, size_t alignment = 64) {
  return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace dualpath
