#include "cublaslt.h"

#include "context.h"

#include <cublasLt.h>

namespace dualpath::cuda {
namespace {

void require(const Node &node, cublasStatus_t status, const std::string &what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Failure(Code::Internal,
                  node.op + " '" + node.name + "': cuBLASLt: " + what + ": expected success, got " +
                      cublasLtGetStatusName(status),
                  {{"op", node.op}, {"node", node.name}, {"status", static_cast<double>(status)}});
}

/// One handle a session thread.
class Handle {
public:
  Handle() {
    if (const auto status = cublasLtCreate(&handle_); status != CUBLAS_STATUS_SUCCESS)
      throw Failure(Code::Device, std::string("cuBLASLt: a handle: expected success, got ") +
                                      cublasLtGetStatusName(status));
  }
  ~Handle() { cublasLtDestroy(handle_); }
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  cublasLtHandle_t get() const { return handle_; }

private:
  cublasLtHandle_t handle_ = nullptr;
};

cublasLtHandle_t handle() {
  static thread_local Handle own;
  return own.get();
}

/// A description object of the library with its destructor.
template <class T, cublasStatus_t (*destroy)(T)> class Described {
public:
  Described() = default;
  ~Described() {
    if (value)
      destroy(value);
  }
  Described(const Described &) = delete;
  Described &operator=(const Described &) = delete;
  T value = nullptr;
};

using Operation = Described<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Matrix = Described<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Described<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

cudaDataType_t typeOf(const MatrixRequest &request) {
  return request.type == DType::BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

class HeuristicCall final : public MatmulCall {
public:
  HeuristicCall(const Node &node, const MatmulRequest &request)
      : node_(node), accumulate_(request.accumulate) {
    const auto compute = request.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    require(node, cublasLtMatmulDescCreate(&operation_.value, compute, CUDA_R_32F), "description");
    transpose(CUBLASLT_MATMUL_DESC_TRANSA, request.first.transposed);
    transpose(CUBLASLT_MATMUL_DESC_TRANSB, request.second.transposed);
    if (request.epilogue != Epilogue::None)
      addEpilogue(request.epilogue);
    describe(first_, request.first), describe(second_, request.second), describe(result_, request.result);
    choose();
  }

  std::string algorithm() const override {
    return "cuBLASLt algorithm " + std::to_string(setting(CUBLASLT_ALGO_CONFIG_ID)) + " tile " +
           std::to_string(setting(CUBLASLT_ALGO_CONFIG_TILE_ID)) + " splitK " +
           std::to_string(setting(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
  }
  size_t workspaceBytes() const override { return chosen_.workspaceSize; }
  void run(const void *first, const void *second, void *result, std::byte *workspace,
           const void *bias) override {
    const float one = 1, kept = accumulate_ ? 1 : 0;
    if (bias)
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias, "bias");
    require(node_,
            cublasLtMatmul(handle(), operation_.value, &one, first, first_.value, second, second_.value,
                           &kept, result, result_.value, result, result_.value, &chosen_.algo, workspace,
                           chosen_.workspaceSize, stream()),
            "execution");
  }

private:
  /// What the arena gives: every value starts at a multiple of 64 bytes.
  static constexpr uint32_t alignment = 64;
  static constexpr size_t mostWorkspace = size_t{32} << 20;

  void transpose(cublasLtMatmulDescAttributes_t which, bool transposed) {
    set(which, transposed ? CUBLAS_OP_T : CUBLAS_OP_N, "transposition");
  }
  void addEpilogue(Epilogue epilogue) {
    const bool relu = epilogue == Epilogue::BiasRelu;
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS,
        "epilogue");
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F, "type of the bias");
    // The choice of an algorithm wants a pointer, aligned as the one that comes with each run.
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, reinterpret_cast<const void *>(uintptr_t{alignment}), "bias");
  }
  template <class T> void set(cublasLtMatmulDescAttributes_t which, T value, const char *what) {
    require(node_, cublasLtMatmulDescSetAttribute(operation_.value, which, &value, sizeof value), what);
  }
  void describe(Matrix &matrix, const MatrixRequest &request) {
    require(node_,
            cublasLtMatrixLayoutCreate(&matrix.value, typeOf(request), static_cast<uint64_t>(request.rows),
                                       static_cast<uint64_t>(request.columns), request.rows),
            "layout");
  }
  template <class T>
  void prefer(Preference &preference, cublasLtMatmulPreferenceAttributes_t which, T value) {
    require(node_, cublasLtMatmulPreferenceSetAttribute(preference.value, which, &value, sizeof value),
            "preference");
  }
  void choose() {
    Preference preference;
    require(node_, cublasLtMatmulPreferenceCreate(&preference.value), "preference");
    prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, mostWorkspace);
    for (auto which :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(preference, which, alignment);
    // Reductions in place may add up in any order; the others go through workspace in a fixed one.
    prefer(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE});
    int found = 0;
    require(node_,
            cublasLtMatmulAlgoGetHeuristic(handle(), operation_.value, first_.value, second_.value,
                                           result_.value, result_.value, preference.value, 1, &chosen_,
                                           &found),
            "choice of an algorithm");
    require(node_, found > 0 ? chosen_.state : CUBLAS_STATUS_NOT_SUPPORTED, "an algorithm that fits");
  }
  int32_t setting(cublasLtMatmulAlgoConfigAttributes_t which) const {
    int32_t value = 0;
    size_t written = 0;
    cublasLtMatmulAlgoConfigGetAttribute(&chosen_.algo, which, &value, sizeof value, &written);
    return value;
  }

  const Node &node_;
  const bool accumulate_;
  Operation operation_;
  Matrix first_, second_, result_;
  cublasLtMatmulHeuristicResult_t chosen_{};
};

} // namespace

std::unique_ptr<MatmulCall> matmulCall(const Node &node, const MatmulRequest &request) {
  return std::make_unique<HeuristicCall>(node, request);
}

std::string cublasLtVersion() {
  const auto version = cublasLtGetVersion();
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

} // namespace dualpath::cuda
