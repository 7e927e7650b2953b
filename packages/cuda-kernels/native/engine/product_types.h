#pragma once

#include "kernel.h"

namespace dualpath {

/// Products take two inputs of f32 or two of bf16; their result is f32, or as narrow as the inputs. Throws
/// DTYPE.
void requireProductTypes(const Node &node);

/// Whether the node reads bf16.
bool readsNarrow(const Node &node);

} // namespace dualpath
