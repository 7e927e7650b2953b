#pragma once

#include <string_view>

namespace dualpath {

/// Whether this processor has a vector extension, as the compiler names it.
bool processorHas(std::string_view extension);

/// Throws DEVICE when this processor lacks a vector extension that the backend's kernels were compiled for.
/// To be called before any kernel code runs.
void requireProcessor(const char *const *compiledFor);

} // namespace dualpath
