#pragma once

#include "failure.h"
#include "node.h"

#include <cstddef>
#include <functional>
#include <string>

namespace dualpath {

/// What a backend makes of a node at compile time. `run` is called once a step on the session thread, with
/// `scratchBytes` bytes of scratch aligned to 64 whose contents do not survive the call.
struct Kernel {
  std::string name; // shown by describe()
  size_t scratchBytes = 0;
  std::function<void(std::byte *scratch)> run;
  bool leavesSums = false; // `run` writes the sums of its output too (Tensor::sums)
};

/// Checks shapes, dtypes and attributes of a node (Failure) and builds its kernel. Layouts are fixed by then.
using Prepare = Kernel (*)(const Node &);

/// Which layouts an op's kernel takes for its rank-4 values.
/// Any: all rank-4 values of one shape and in one layout, whichever it is (the engine sees to it).
/// ChannelAware: each value in whatever `tensor.layout` says.
/// PlainOnly: plain; the engine hands it reordered copies in scratch where a value is blocked.
enum class LayoutPolicy { Any, ChannelAware, PlainOnly };

} // namespace dualpath
