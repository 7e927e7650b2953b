#include "cudnn.h"

#include "../engine/failure.h"

#include <cudnn_graph.h>

namespace dualpath::cuda {
namespace {

std::string printVersion(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

} // namespace

std::string cudnnVersion() { return printVersion(cudnnGetVersion()); }

void requireCudnnVersion() {
  const auto loaded = cudnnGetVersion();
  if (loaded < CUDNN_VERSION)
    throw Failure(Code::Version,
                  "cuDNN: expected at least " + printVersion(CUDNN_VERSION) +
                      ", with which this was built, got " + printVersion(loaded) +
                      "; install a newer cuDNN 9 or build again with the older one",
                  {{"loaded", static_cast<double>(loaded)}, {"built", static_cast<double>(CUDNN_VERSION)}});
}

} // namespace dualpath::cuda
