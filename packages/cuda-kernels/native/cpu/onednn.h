#pragma once

#include "../engine/kernel.h"

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

/// The one place that knows oneDNN's version and conventions. Everything here is used on session threads.
namespace dualpath::cpu {

using dnnl::memory;

dnnl::engine &engine();
dnnl::stream &stream(); // one per thread

/// Blocks of the widest vectors that the library's kernels use here.
Layout imageLayout();

memory::data_type dataType(DType dtype);

/// A row-major description of the tensor as it is (rank 1 and 2).
memory::desc matrixDesc(const Tensor &tensor);

/// A rank-4 image (N, H, W, C) as oneDNN's logical (N, C, H, W), in the tensor's layout.
memory::desc imageDesc(const Tensor &tensor);
/// The same, in whatever layout the library likes best.
memory::desc anyImageDesc(const Tensor &tensor);

/// Runs a library call that may throw dnnl::error and turns that into a Failure that names the node.
template <class Call> auto guarded(const Node &node, Call call) {
  try {
    return call();
  } catch (const dnnl::error &error) {
    throw Failure(Code::Internal,
                  node.op + " '" + node.name + "': oneDNN: expected success, got " + error.what(),
                  {{"op", node.op}, {"node", node.name}, {"status", static_cast<double>(error.status)}});
  }
}

/// A primitive with its arguments, run on pointers that are read at run time. An operand whose layout differs
/// from the one the library chose goes through a reordered copy in scratch.
class Call {
public:
  Call(dnnl::primitive primitive, const memory::desc &scratchpad);

  /// `tensor` is stored as `stored`; the primitive wants `wanted`.
  void input(int argument, const Tensor *tensor, const memory::desc &stored, const memory::desc &wanted);
  void output(int argument, const Tensor *tensor, const memory::desc &stored, const memory::desc &wanted);
  /// Memory that only lives during the call; returns its offset in scratch.
  size_t temporary(int argument, const memory::desc &desc);

  size_t scratchBytes() const { return bytes_; }
  size_t reorders() const { return reorders_; }
  void run(std::byte *scratch);

private:
  struct Operand {
    const Tensor *tensor = nullptr; // null: temporary
    size_t offset = 0;
    bool reordered = false, output = false;
    memory stored, wanted;
    dnnl::primitive reorder;
  };
  void add(int argument, const Tensor *tensor, const memory::desc &stored, const memory::desc &wanted,
           bool output);
  size_t reserve(size_t bytes);
  static void reorder(Operand &operand, const memory &from, const memory &to);

  dnnl::primitive primitive_;
  std::vector<Operand> operands_;
  std::unordered_map<int, memory> arguments_;
  size_t bytes_ = 0, reorders_ = 0;
};

/// A kernel that runs one call.
Kernel kernelOf(const std::string &name, std::shared_ptr<Call> call);

} // namespace dualpath::cpu
