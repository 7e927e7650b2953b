#include "../engine/backend.h"

#include "../engine/processor.h"
#include "../functors/bfloat16.h"
#include "instruction_set.h"
#include "kernels.h"
#include "narrow.h"
#include "onednn.h"
#include "reorder.h"

#include <cmath>
#include <omp.h>
#include <unordered_map>

namespace dualpath {
namespace {

const std::unordered_map<std::string, Prepare> &table() {
  static const auto *rows = new std::unordered_map<std::string, Prepare>{
#define OP(name, cpuKernel, cudaKernel) {#name, cpuKernel},
#include "../kernels.def"
#undef OP
  };
  return *rows;
}

class CpuBackend final : public Backend {
public:
  const char *kind() const override { return "cpu"; }
  std::vector<std::string> operations() const override;
  std::map<std::string, std::string> versions() const override;
  std::string precisionGap(const std::string &precision) const override;
  Prepare find(const std::string &op) const override {
    const auto found = table().find(op);
    return found == table().end() ? nullptr : found->second;
  }
  void enter(int threads) const override { omp_set_num_threads(threads); }
  std::shared_ptr<Region> allocate(size_t bytes) const override { return std::make_shared<Region>(bytes); }
  Layout imageLayout() const override { return cpu::imageLayout(); }
  void reorder(const Tensor &from, const Tensor &to) const override { cpu::reorder(from, to); }
  bool allFinite(const Tensor &value) const override;
};

std::vector<std::string> CpuBackend::operations() const {
  std::vector<std::string> names;
  for (const auto &[name, prepare] : table())
    names.push_back(name);
  return names;
}

std::map<std::string, std::string> CpuBackend::versions() const {
  const auto *version = dnnl_version();
  return {{"oneDNN", std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                         std::to_string(version->patch)},
          {"compiler", __VERSION__}};
}

std::string CpuBackend::precisionGap(const std::string &precision) const {
  if (precision == "tf32")
    return "cpu: expected a CUDA device, whose tensor cores have TF32, got none; f32 is computed in full";
  return precision == "bf16" ? cpu::bfloat16Gap() : "";
}

template <class T> bool allFiniteOf(const Tensor &value) {
  const auto *data = value.as<const T>();
  const auto count = value.count();
  int64_t wrong = 0;
#pragma omp parallel for reduction(+ : wrong)
  for (int64_t i = 0; i < count; ++i)
    wrong += std::isfinite(static_cast<float>(data[i])) ? 0 : 1;
  return wrong == 0;
}

bool CpuBackend::allFinite(const Tensor &value) const {
  return value.dtype == DType::BF16 ? allFiniteOf<BFloat16>(value) : allFiniteOf<float>(value);
}

} // namespace

const Backend &backend() {
  static const auto *cpu = [] {
    requireProcessor(dualpath::cpu::compiledFor);
    return new CpuBackend;
  }();
  return *cpu;
}

} // namespace dualpath
