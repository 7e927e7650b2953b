#include "runtime.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <sys/mman.h>
#include <vector>

// The functions of CUDA's run time that the backend calls, under their own names.

using dualpath::host_device::Work;

struct CUgraph_st {
  std::vector<Work> work;
};

struct CUgraphExec_st {
  std::vector<Work> work;
};

struct CUstream_st {
  std::deque<Work> waiting;
  size_t done = 0;
  CUgraph_st *recording = nullptr;

  size_t taken() const { return done + waiting.size(); }
  void run(size_t until) {
    while (done < until && !waiting.empty()) {
      const auto work = std::move(waiting.front());
      waiting.pop_front();
      ++done;
      work();
    }
  }
};

struct CUevent_st {
  cudaStream_t stream = nullptr;
  size_t place = 0;
};

namespace dualpath::host_device {
namespace {

constexpr size_t totalBytes = size_t{80} << 30;

/// One lock for all: work of one stream may run work of another that it waits for.
std::recursive_mutex mutex;
std::map<void *, size_t> allocated;
size_t usedBytes = 0;
thread_local int currentDevice = 0;
thread_local cudaError_t lastError = cudaSuccess;

using Lock = std::lock_guard<std::recursive_mutex>;

void journal(const std::string &line) {
  if (const char *path = std::getenv("DUALPATH_HOST_DEVICE_JOURNAL"))
    std::ofstream(path, std::ios::app) << line << '\n';
}

cudaError_t ended(cudaError_t status) {
  if (status != cudaSuccess)
    lastError = status;
  return status;
}

/// What a test wants a call to end with.
cudaError_t asked(const char *call) { return ended(static_cast<cudaError_t>(setting(call, cudaSuccess))); }

} // namespace

long setting(const std::string &name, long otherwise) {
  const char *all = std::getenv("DUALPATH_HOST_DEVICE");
  std::istringstream settings(all ? all : "");
  for (std::string one; std::getline(settings, one, ',');)
    if (const auto sign = one.find('='); one.substr(0, sign) == name)
      return std::stol(one.substr(sign + 1));
  return otherwise;
}

cudaError_t enqueue(cudaStream_t stream, const std::string &what, Work work) {
  const Lock lock(mutex);
  journal((stream != cudaStreamPerThread && stream->recording ? "record " : "") + what);
  if (stream == cudaStreamPerThread)
    work();
  else if (stream->recording)
    stream->recording->work.push_back(std::move(work));
  else
    stream->waiting.push_back(std::move(work));
  return cudaSuccess;
}

} // namespace dualpath::host_device

using namespace dualpath::host_device;

extern "C" {

cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version) {
  *version = static_cast<int>(setting("driver", CUDART_VERSION));
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  *count = static_cast<int>(setting("devices", 2));
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (driver / 1000 < CUDART_VERSION / 1000)
    return ended(cudaErrorInsufficientDriver);
  return *count > 0 ? asked("cudaGetDeviceCount") : ended(cudaErrorNoDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  *properties = {};
  std::strcpy(properties->name, "Host");
  properties->major = static_cast<int>(setting("capability", 9));
  return device < setting("devices", 2) ? cudaSuccess : ended(cudaErrorInvalidDevice);
}

cudaError_t cudaSetDevice(int device) {
  currentDevice = device;
  return asked("cudaSetDevice");
}

cudaError_t cudaGetDevice(int *device) {
  *device = currentDevice;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return std::exchange(lastError, cudaSuccess); }

const char *cudaGetErrorName(cudaError_t error) {
  switch (error) {
  case cudaErrorMemoryAllocation:
    return "cudaErrorMemoryAllocation";
  case cudaErrorIllegalAddress:
    return "cudaErrorIllegalAddress";
  default:
    return "cudaErrorOther";
  }
}

const char *cudaGetErrorString(cudaError_t) { return "as the test asked"; }

cudaError_t cudaMalloc(void **data, size_t bytes) {
  const Lock lock(mutex);
  if (const auto status = asked("cudaMalloc"); status != cudaSuccess)
    return status;
  if (bytes > totalBytes - usedBytes)
    return ended(cudaErrorMemoryAllocation);
  *data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  allocated[*data] = bytes;
  usedBytes += bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void *data) {
  const Lock lock(mutex);
  const auto found = allocated.find(data);
  if (found == allocated.end())
    return ended(cudaErrorInvalidValue);
  munmap(data, found->second);
  usedBytes -= found->second;
  allocated.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
  const Lock lock(mutex);
  *free = totalBytes - usedBytes;
  *total = totalBytes;
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **data, size_t bytes, unsigned) {
  if (const auto status = asked("cudaHostAlloc"); status != cudaSuccess)
    return status;
  *data = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void *data) {
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (const auto status = asked("cudaMemcpyAsync"); status != cudaSuccess)
    return status;
  const char *way = kind == cudaMemcpyHostToDevice   ? "copy in"
                    : kind == cudaMemcpyDeviceToHost ? "copy out"
                                                     : "copy";
  return enqueue(stream, way, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void *data, int byte, size_t bytes, cudaStream_t stream) {
  // New memory is zero already, and stays untouched until it is used: a plan may be larger than this machine.
  if (stream == cudaStreamPerThread && byte == 0)
    return asked("cudaMemsetAsync");
  return enqueue(stream, "fill", [=] { std::memset(data, byte, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  *stream = new CUstream_st;
  return asked("cudaStreamCreateWithFlags");
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  cudaStreamSynchronize(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream == cudaStreamPerThread)
    return cudaSuccess;
  const Lock lock(mutex);
  journal("wait");
  stream->run(stream->taken());
  return asked("cudaStreamSynchronize");
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock(mutex);
  *event = {stream, stream->taken()};
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return enqueue(stream, "wait for copy", [seen = *event] { seen.stream->run(seen.place); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const Lock lock(mutex);
  stream->recording = new CUgraph_st;
  return asked("cudaStreamBeginCapture");
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  const Lock lock(mutex);
  *graph = std::exchange(stream->recording, nullptr);
  return asked("cudaStreamEndCapture");
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *made, cudaGraph_t graph, unsigned long long) {
  *made = new CUgraphExec_st{graph->work};
  return asked("cudaGraphInstantiate");
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  if (const auto status = asked("cudaGraphLaunch"); status != cudaSuccess)
    return status;
  return enqueue(stream, "replay " + std::to_string(graph->work.size()), [graph] {
    for (const auto &work : graph->work)
      work();
  });
}

} // extern "C"
