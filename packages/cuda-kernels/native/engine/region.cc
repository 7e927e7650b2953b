#include "region.h"

#include "failure.h"

#include <sys/mman.h>

namespace dualpath {
namespace {

constexpr size_t pageBytes = 4096;
constexpr size_t hugePageBytes = size_t{2} << 20;

} // namespace

Region::Region(size_t bytes) : size_(alignUp(bytes ? bytes : 1, pageBytes)), mapped_(true) {
  // Huge pages need an aligned start: map one more, give back both ends.
  const size_t slack = size_ >= hugePageBytes ? hugePageBytes : 0;
  void *mapped = mmap(nullptr, size_ + slack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    throw Failure(Code::OutOfMemory,
                  "memory: expected " + std::to_string(bytes) + " bytes, got none from the system",
                  {{"bytes", static_cast<double>(bytes)}});
  auto *begin = static_cast<std::byte *>(mapped);
  data_ = begin;
  if (slack) {
    data_ = reinterpret_cast<std::byte *>(alignUp(reinterpret_cast<size_t>(begin), hugePageBytes));
    if (data_ > begin)
      munmap(begin, data_ - begin);
    if (data_ + size_ < begin + size_ + slack)
      munmap(data_ + size_, begin + slack - data_);
    madvise(data_, size_, MADV_HUGEPAGE);
  }
}

Region::~Region() {
  if (mapped_)
    munmap(data_, size_);
}

} // namespace dualpath
