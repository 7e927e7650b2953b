#include "../engine/backend.h"

#include "context.h"
#include "cublaslt.h"
#include "cudnn.h"
#include "devices.h"
#include "finite.h"
#include "kernels.h"
#include "memory.h"
#include "no_device.h"
#include "recording.h"
#include "switches.h"

#include <mutex>
#include <unordered_map>

namespace dualpath {
namespace {

const std::unordered_map<std::string, Prepare> &table() {
  static const auto *rows = new std::unordered_map<std::string, Prepare>{
#define OP(name, cpuKernel, cudaKernel) {#name, cudaKernel},
#include "../kernels.def"
#undef OP
  };
  return *rows;
}

class CudaBackend final : public Backend {
public:
  explicit CudaBackend(int device) : device_(device) {}

  const char *kind() const override { return "cuda"; }
  std::vector<std::string> operations() const override;
  std::map<std::string, std::string> versions() const override;
  Prepare find(const std::string &op) const override {
    const auto found = table().find(op);
    return found == table().end() ? nullptr : found->second;
  }
  std::vector<std::string> devices() const override;
  const Backend &on(int device) const override;

  void enter(int) const override { cuda::enterContext(device_); }
  std::shared_ptr<Region> allocate(size_t bytes) const override {
    return std::make_shared<cuda::DeviceRegion>(device_, bytes);
  }
  Layout imageLayout() const override { return Layout::Plain; }
  void reorder(const Tensor &from, const Tensor &to) const override; // both are plain
  bool allFinite(const Tensor &value) const override { return cuda::allFinite(value); }

  void upload(void *to, const std::byte *from, size_t bytes) const override;
  void download(std::byte *to, const void *from, size_t bytes) const override;
  void wait() const override;
  std::shared_ptr<Region> allocateStaging(size_t bytes) const override {
    return std::make_shared<cuda::StagingRegion>(device_, bytes);
  }
  void send(Region &staging) const override { stagingOf(staging).send(); }
  bool readsStaging() const override { return false; }
  std::byte *receive(Region &staging, std::byte *room) const override {
    stagingOf(staging).deliver(room, cuda::stream());
    return room;
  }
  std::unique_ptr<Recording> record(const std::function<void()> &work) const override;

private:
  static cuda::StagingRegion &stagingOf(Region &staging) {
    return static_cast<cuda::StagingRegion &>(staging);
  }
  int device_;
};

std::vector<std::string> CudaBackend::operations() const {
  std::vector<std::string> names;
  for (const auto &[name, prepare] : table())
    names.push_back(name);
  return names;
}

std::map<std::string, std::string> CudaBackend::versions() const {
  return {{"CUDA", cuda::printCudaVersion(CUDART_VERSION)},
          {"cuDNN", cuda::cudnnVersion()},
          {"cuBLASLt", cuda::cublasLtVersion()},
          {"compiler", __VERSION__}};
}

std::vector<std::string> CudaBackend::devices() const {
  cuda::requireCudnnVersion();
  return cuda::deviceNames();
}

const Backend &CudaBackend::on(int device) const {
  const auto names = devices();
  if (device < 0 || device >= static_cast<int>(names.size()))
    throw Failure(Code::Device, "cuda: device: expected 0 to " + std::to_string(names.size() - 1) + ", got " +
                                    std::to_string(device));
  static std::mutex mutex;
  static auto *opened = new std::map<int, CudaBackend>; // never destroyed: threads may outlive statics
  const std::lock_guard lock(mutex);
  return opened->try_emplace(device, device).first->second;
}

void CudaBackend::reorder(const Tensor &from, const Tensor &to) const {
  cuda::requireSuccess(
      cudaMemcpyAsync(to.data, from.data, from.bytes(), cudaMemcpyDeviceToDevice, cuda::stream()), "copy");
}

void CudaBackend::upload(void *to, const std::byte *from, size_t bytes) const {
  cuda::requireSuccess(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, cuda::stream()),
                       "copy to the device");
  wait();
}

void CudaBackend::download(std::byte *to, const void *from, size_t bytes) const {
  cuda::requireSuccess(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, cuda::stream()),
                       "copy to the host");
  wait();
}

void CudaBackend::wait() const {
  cuda::requireSuccess(cudaStreamSynchronize(cuda::stream()), "end of a step");
}

std::unique_ptr<Recording> CudaBackend::record(const std::function<void()> &work) const {
  if (cuda::switchedOn("DUALPATH_NO_GRAPH"))
    return nullptr;
  return std::make_unique<cuda::GraphRecording>(work);
}

} // namespace

const Backend &backend() {
  static const auto *cuda = new CudaBackend(0);
  return *cuda;
}

} // namespace dualpath
