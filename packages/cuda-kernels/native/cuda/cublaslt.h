#pragma once

#include "matmul_request.h"

#include <memory>
#include <string>

/// The one place that knows cuBLASLt. Everything here is used on session threads, on a device.
namespace dualpath::cuda {

/// A matrix product with the algorithm that cuBLASLt's heuristics chose for it.
class MatmulCall {
public:
  virtual ~MatmulCall() = default;
  virtual std::string algorithm() const = 0;
  virtual size_t workspaceBytes() const = 0;
  /// `bias`: for an epilogue, a number for each row of the result.
  virtual void run(const void *first, const void *second, void *result, std::byte *workspace,
                   const void *bias = nullptr) = 0;
};

/// Throws INTERNAL where cuBLASLt has no algorithm, the epilogue included.
std::unique_ptr<MatmulCall> matmulCall(const Node &node, const MatmulRequest &request);

/// "13.0.2" of the library that is loaded.
std::string cublasLtVersion();

} // namespace dualpath::cuda
