#include "reorder.h"

#include <cstring>

namespace dualpath::cpu {
namespace {

struct Extents {
  int64_t images, pixels, blocks, block;
};

/// T only has the width of an element: values are moved, not read.
template <class T> void toBlocked(const T *plain, T *blocked, const Extents &extents) {
  const auto [images, pixels, blocks, block] = extents;
  const auto channels = blocks * block;
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < images; ++n)
    for (int64_t b = 0; b < blocks; ++b) {
      const T *from = plain + n * pixels * channels + b * block;
      T *to = blocked + (n * blocks + b) * pixels * block;
      for (int64_t p = 0; p < pixels; ++p)
        std::memcpy(to + p * block, from + p * channels, block * sizeof(T));
    }
}

template <class T> void toPlain(const T *blocked, T *plain, const Extents &extents) {
  const auto [images, pixels, blocks, block] = extents;
  const auto channels = blocks * block;
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < images; ++n)
    for (int64_t p = 0; p < pixels; ++p) {
      const T *from = blocked + (n * blocks * pixels + p) * block;
      T *to = plain + (n * pixels + p) * channels;
      for (int64_t b = 0; b < blocks; ++b)
        std::memcpy(to + b * block, from + b * pixels * block, block * sizeof(T));
    }
}

template <class T> void move(const Tensor &from, const Tensor &to) {
  const auto block = blockOf(from.layout) + blockOf(to.layout); // one of them is plain
  const Extents extents{from.shape[0], from.shape[1] * from.shape[2], from.shape[3] / block, block};
  if (from.layout == Layout::Plain)
    toBlocked(from.as<T>(), to.as<T>(), extents);
  else
    toPlain(from.as<T>(), to.as<T>(), extents);
}

} // namespace

void reorder(const Tensor &from, const Tensor &to) {
  if (from.layout == to.layout)
    std::memcpy(to.data, from.data, from.bytes());
  else if (sizeOf(from.dtype) == 2)
    move<uint16_t>(from, to);
  else
    move<uint32_t>(from, to);
}

} // namespace dualpath::cpu
