#pragma once

#include "attributes.h"
#include "tensor.h"

#include <string>
#include <vector>

namespace dualpath {

/// One operation of a plan. Node and tensors live as long as the kernel that was prepared from them.
struct Node {
  std::string op, name;
  std::vector<Tensor *> inputs, outputs;
  Attributes attributes;
};

} // namespace dualpath
