#pragma once

namespace dualpath {

/// Throws DEVICE when this processor lacks a vector extension that the backend's kernels were compiled for.
/// To be called before any kernel code runs.
void requireProcessor(const char *const *compiledFor);

} // namespace dualpath
