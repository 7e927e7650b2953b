#include "finite.h"

#include "launch.cuh"
#include "memory.h"

namespace dualpath::cuda {
namespace {

/// All threads that find something write the same 1.
template <class T> struct MarkNonFinite {
  const T *values;
  int32_t *found;
  HD void operator()(int64_t i) const {
    if (!(math::absolute(values[i]) < math::infinity()))
      *found = 1;
  }
};

} // namespace

bool allFinite(const Tensor &value) {
  const DeviceRegion flag(context().device(), sizeof(int32_t));
  auto *found = reinterpret_cast<int32_t *>(flag.data());
  requireSuccess(cudaMemsetAsync(found, 0, sizeof *found, stream()), "clearing of a flag");
  if (value.dtype == DType::BF16)
    Backend::elements(value.count(), MarkNonFinite<BFloat16>{value.as<BFloat16>(), found});
  else
    Backend::elements(value.count(), MarkNonFinite<float>{value.as<float>(), found});
  int32_t result = 0;
  requireSuccess(cudaMemcpyAsync(&result, found, sizeof result, cudaMemcpyDeviceToHost, stream()),
                 "copy to the host");
  requireSuccess(cudaStreamSynchronize(stream()), "check for finite numbers");
  return result == 0;
}

} // namespace dualpath::cuda
