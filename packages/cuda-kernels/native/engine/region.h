#pragma once

#include <cstddef>
#include <memory>

namespace dualpath {

/// One block of memory, aligned to at least 64 bytes and zero at first: of the host as it stands, where large
/// blocks ask for huge pages, or of a device by a class derived from it.
class Region {
public:
  explicit Region(size_t bytes); // Failure OUT_OF_MEMORY
  virtual ~Region();
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;

  std::byte *data() const { return data_; }
  size_t size() const { return size_; }

protected:
  /// Memory that the derived class owns.
  Region(std::byte *data, size_t size) : data_(data), size_(size) {}

private:
  std::byte *data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;
};

constexpr size_t alignUp(size_t bytes, size_t alignment = 64) {
  return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace dualpath
