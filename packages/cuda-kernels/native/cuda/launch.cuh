#ifndef DUALPATH_CUDA_LAUNCH
#define DUALPATH_CUDA_LAUNCH

#include "../engine/kernel.h"
#include "../functors/lanes.h"
#include "context.h"
#include "geometry.h"

namespace dualpath::cuda {

/// How the lanes of a warp exchange values.
struct WarpShuffle {
  static constexpr int32_t count = Geometry::warpThreads;

  HD int32_t lane() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int32_t>(threadIdx.x % count);
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

/// The same for all threads of a block: neighbours by shuffle, distant ones through shared memory.
struct BlockShuffle {
  static constexpr int32_t count = Geometry::blockThreads;

  HD int32_t lane() const {
#if defined(__CUDA_ARCH__)
    return static_cast<int32_t>(threadIdx.x);
#else
    return 0;
#endif
  }
  HD void sync() const {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  template <class T> HD T exchange(T value, [[maybe_unused]] int32_t mask) const {
#if defined(__CUDA_ARCH__)
    if (mask < Geometry::warpThreads)
      return __shfl_xor_sync(0xFFFFFFFFu, value, mask);
    __shared__ T slots[count];
    __syncthreads(); // the slots of the exchange before have been read
    slots[threadIdx.x] = value;
    __syncthreads();
    return slots[threadIdx.x ^ mask];
#else
    return value;
#endif
  }
};

inline __device__ Place placeOfThread() { return {blockIdx.x, threadIdx.x, gridDim.x}; }

template <class Functor>
__global__ void __launch_bounds__(Geometry::blockThreads) elementKernel(int64_t count, Functor functor) {
  placeOfThread().elements(count, functor);
}

template <class Functor>
__global__ void __launch_bounds__(Geometry::blockThreads) warpRowKernel(int64_t count, Functor functor) {
  placeOfThread().warpRows(count, [&](int64_t row) { functor(row, WarpLanes<WarpShuffle>{WarpShuffle{}}); });
}

template <class Functor>
__global__ void __launch_bounds__(Geometry::blockThreads) blockRowKernel(int64_t count, Functor functor) {
  placeOfThread().blockRows(count,
                            [&](int64_t row) { functor(row, WarpLanes<BlockShuffle>{BlockShuffle{}}); });
}

/// A functor that carries a table stays among the arguments: a thread's copy of it would go to local memory.
template <class Functor>
__global__ void __launch_bounds__(Geometry::blockThreads)
    warpTableKernel(int64_t count, const __grid_constant__ Functor functor) {
  placeOfThread().warpRows(count, [&](int64_t row) { functor(row, WarpLanes<WarpShuffle>{WarpShuffle{}}); });
}

template <class Functor>
__global__ void __launch_bounds__(Geometry::blockThreads)
    blockTableKernel(int64_t count, const __grid_constant__ Functor functor) {
  placeOfThread().blockRows(count,
                            [&](int64_t row) { functor(row, WarpLanes<BlockShuffle>{BlockShuffle{}}); });
}

/// The CUDA launcher of functors: the same calls as the CPU's.
struct Backend {
  static constexpr bool serialSort = false;
  static constexpr size_t leastTable = 1024;

  template <class Functor> static void elements(int64_t count, Functor functor) {
    if (count == 0)
      return;
    const auto geometry = Geometry::elements(count);
    elementKernel<<<static_cast<unsigned>(geometry.blocks), Geometry::blockThreads, 0, stream()>>>(count,
                                                                                                   functor);
    requireSuccess(cudaGetLastError(), "launch of an element functor");
  }

  /// `width`: elements that a row touches.
  template <class Functor> static void rows(int64_t count, int64_t width, Functor functor) {
    if (count == 0)
      return;
    const auto geometry = Geometry::rows(count, width);
    const auto blocks = static_cast<unsigned>(geometry.blocks);
    if constexpr (sizeof(Functor) > leastTable) {
      auto *table = geometry.blockPerRow ? blockTableKernel<Functor> : warpTableKernel<Functor>;
      table<<<blocks, Geometry::blockThreads, 0, stream()>>>(count, functor);
    } else if (geometry.blockPerRow)
      blockRowKernel<<<blocks, Geometry::blockThreads, 0, stream()>>>(count, functor);
    else
      warpRowKernel<<<blocks, Geometry::blockThreads, 0, stream()>>>(count, functor);
    requireSuccess(cudaGetLastError(), "launch of a row functor");
  }

  /// Indices are on the device: those that are fed were checked on the host.
  static void checkIndices(const Node &, const char *, const int32_t *, int64_t, int64_t, int64_t) {}
};

} // namespace dualpath::cuda

#endif
