#include "floats.h"
#include "runtime.h"

#include <cublasLt.h>

#include <algorithm>
#include <cstring>
#include <map>

// The functions of cuBLASLt that the backend calls, under their own names: products by plain loops that obey
// their descriptions.

using dualpath::DType;
using dualpath::host_device::enqueue;
using dualpath::host_device::readFloats;
using dualpath::host_device::setting;
using dualpath::host_device::writeFloats;

namespace {

constexpr size_t workspace = 4096;

/// What the descriptions of the library hold, in this library's own form.
struct Operation {
  std::map<int, int64_t> attributes;
  int64_t attribute(int which, int64_t otherwise) const {
    const auto found = attributes.find(which);
    return found == attributes.end() ? otherwise : found->second;
  }
  bool transposed(int which) const { return attribute(which, CUBLAS_OP_N) == CUBLAS_OP_T; }
  int64_t epilogue() const { return attribute(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT); }
  const float *bias() const {
    return reinterpret_cast<const float *>(attribute(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 0));
  }
};

struct Matrix {
  DType type;
  int64_t rows, columns, leading;
  int64_t count() const { return columns * leading; }
};

Operation &of(cublasLtMatmulDesc_t operation) { return *reinterpret_cast<Operation *>(operation); }
Matrix &of(cublasLtMatrixLayout_t matrix) { return *reinterpret_cast<Matrix *>(matrix); }

/// y = alpha a b + beta y, all of them column by column.
struct Product {
  Matrix a, b, y;
  bool transposeA, transposeB;
  const void *first, *second;
  void *result;
  float alpha, beta;
  int64_t epilogue;
  const float *bias;

  void operator()() const {
    auto sums = readFloats(result, y.type, y.count());
    accumulate(readFloats(first, a.type, a.count()), readFloats(second, b.type, b.count()), sums);
    finish(sums);
    writeFloats(sums, result, y.type);
  }

private:
  void accumulate(const std::vector<float> &left, const std::vector<float> &right,
                  std::vector<float> &sums) const {
    const int64_t inner = transposeA ? a.rows : a.columns;
    for (int64_t column = 0; column < y.columns; ++column) {
      float *to = sums.data() + column * y.leading;
      for (int64_t row = 0; row < y.rows; ++row)
        to[row] = beta == 0 ? 0 : beta * to[row];
      for (int64_t k = 0; k < inner; ++k) {
        const float factor = alpha * right[transposeB ? column + k * b.leading : k + column * b.leading];
        for (int64_t row = 0; row < y.rows; ++row)
          to[row] += factor * left[transposeA ? k + row * a.leading : row + k * a.leading];
      }
    }
  }
  void finish(std::vector<float> &sums) const {
    for (int64_t column = 0; column < y.columns; ++column)
      for (int64_t row = 0; row < y.rows; ++row) {
        float &sum = sums[static_cast<size_t>(row + column * y.leading)];
        if (epilogue & CUBLASLT_EPILOGUE_BIAS)
          sum += bias[row];
        if (epilogue & CUBLASLT_EPILOGUE_RELU)
          sum = std::max(sum, 0.0f);
      }
  }
};

/// It reads a bias in the result's type, and need not have an algorithm with an epilogue.
bool epilogueFits(const Operation &operation, const Matrix &y) {
  const auto type = operation.attribute(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
  return operation.epilogue() == CUBLASLT_EPILOGUE_DEFAULT ||
         (operation.bias() && type == CUDA_R_32F && y.type == DType::F32 && setting("epilogues", 1) != 0);
}

/// cuBLASLt takes both factors in one type, and writes f32 or what it read.
bool typesFit(const Matrix &a, const Matrix &b, const Matrix &y) {
  return a.type == b.type && (y.type == a.type || y.type == DType::F32);
}

bool fits(const Operation &operation, const Matrix &a, const Matrix &b, const Matrix &y) {
  const bool ta = operation.transposed(CUBLASLT_MATMUL_DESC_TRANSA),
             tb = operation.transposed(CUBLASLT_MATMUL_DESC_TRANSB);
  return (ta ? a.columns : a.rows) == y.rows && (tb ? b.rows : b.columns) == y.columns &&
         (ta ? a.rows : a.columns) == (tb ? b.columns : b.rows) && typesFit(a, b, y) &&
         epilogueFits(operation, y);
}

} // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  *handle = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; }
const char *cublasLtGetStatusName(cublasStatus_t status) {
  return status == CUBLAS_STATUS_NOT_SUPPORTED ? "CUBLAS_STATUS_NOT_SUPPORTED" : "CUBLAS_STATUS_OTHER";
}
size_t cublasLtGetVersion() { return 130002; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *made, cublasComputeType_t, cudaDataType_t) {
  *made = reinterpret_cast<cublasLtMatmulDesc_t>(new Operation);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  delete &of(operation);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t which, const void *value,
                                              size_t bytes) {
  std::memcpy(&of(operation).attributes[which], value, std::min(bytes, sizeof(int64_t)));
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *made, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  const auto dtype = type == CUDA_R_16BF ? DType::BF16 : DType::F32;
  *made = reinterpret_cast<cublasLtMatrixLayout_t>(
      new Matrix{dtype, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t matrix) {
  delete &of(matrix);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *made) {
  *made = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t, const void *,
                                                    size_t) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t y,
                                              cublasLtMatmulPreference_t, int,
                                              cublasLtMatmulHeuristicResult_t *results, int *found) {
  *found = fits(of(operation), of(a), of(b), of(y)) ? 1 : 0;
  *results = {};
  results->workspaceSize = workspace;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *,
                                                    cublasLtMatmulAlgoConfigAttributes_t, void *value,
                                                    size_t bytes, size_t *written) {
  std::memset(value, 0, bytes);
  *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void *alpha,
                              const void *first, cublasLtMatrixLayout_t a, const void *second,
                              cublasLtMatrixLayout_t b, const void *beta, const void *,
                              cublasLtMatrixLayout_t, void *result, cublasLtMatrixLayout_t y,
                              const cublasLtMatmulAlgo_t *, void *bytes, size_t size, cudaStream_t stream) {
  const Product product{of(a),
                        of(b),
                        of(y),
                        of(operation).transposed(CUBLASLT_MATMUL_DESC_TRANSA),
                        of(operation).transposed(CUBLASLT_MATMUL_DESC_TRANSB),
                        first,
                        second,
                        result,
                        *static_cast<const float *>(alpha),
                        *static_cast<const float *>(beta),
                        of(operation).epilogue(),
                        of(operation).bias()};
  const auto work = [=] {
    std::memset(bytes, 0xFF, size);
    product();
  };
  return enqueue(stream, "product", work) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                         : CUBLAS_STATUS_EXECUTION_FAILED;
}

} // extern "C"
