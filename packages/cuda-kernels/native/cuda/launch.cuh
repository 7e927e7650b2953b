#pragma once

#include "../engine/kernel.h"
#include "../functors/lanes.h"

#include <algorithm>
#include <cuda_runtime.h>

namespace dualpath::cuda {

/// The stream that the session's thread launches on.
inline cudaStream_t &stream() {
  static thread_local cudaStream_t current = nullptr;
  return current;
}

inline void requireSuccess(cudaError_t status, const char *what) {
  if (status != cudaSuccess)
    throw Failure(Code::Device, std::string("cuda: ") + what + ": " + cudaGetErrorString(status),
                  {{"status", static_cast<double>(status)}});
}

/// How the lanes of a warp exchange values.
struct WarpShuffle {
  static constexpr int32_t count = 32;

  HD int32_t lane() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int32_t>(threadIdx.x % 32);
#else
    return 0;
#endif
  }
  HD void sync() const {
#if defined(__CUDA_ARCH__)
    __syncwarp();
#endif
  }
  template <class T> HD T exchange(T value, [[maybe_unused]] int32_t mask) const {
#if defined(__CUDA_ARCH__)
    return __shfl_xor_sync(0xFFFFFFFFu, value, mask);
#else
    return value;
#endif
  }
};

template <class Functor> __global__ void elementKernel(int64_t count, Functor functor) {
  const int64_t stride = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    functor(i);
}

/// One warp a row.
template <class Functor> __global__ void rowKernel(int64_t count, Functor functor) {
  const int64_t warps = int64_t{gridDim.x} * (blockDim.x / 32);
  for (int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / 32; row < count; row += warps)
    functor(row, WarpLanes<WarpShuffle>{WarpShuffle{}});
}

/// The CUDA launcher of functors: the same two calls as the CPU's.
struct Backend {
  static constexpr bool serialSort = false;

  template <class Functor> static void elements(int64_t count, Functor functor) {
    if (count == 0)
      return;
    elementKernel<<<blocks(count), threads, 0, stream()>>>(count, functor);
    requireSuccess(cudaGetLastError(), "launch of an element functor");
  }

  template <class Functor> static void rows(int64_t count, int64_t, Functor functor) {
    if (count == 0)
      return;
    rowKernel<<<blocks(count * 32), threads, 0, stream()>>>(count, functor);
    requireSuccess(cudaGetLastError(), "launch of a row functor");
  }

  /// Indices are on the device: those that are fed were checked on the host.
  static void checkIndices(const Node &, const char *, const int32_t *, int64_t, int64_t, int64_t) {}

private:
  static constexpr int threads = 256;
  static constexpr int64_t mostBlocks = 65535; // beyond it the kernels stride over the grid

  static unsigned blocks(int64_t count) {
    return static_cast<unsigned>(std::min((count + threads - 1) / threads, mostBlocks));
  }
};

} // namespace dualpath::cuda
