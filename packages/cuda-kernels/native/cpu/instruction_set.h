#pragma once

namespace dualpath::cpu {

/// Vector extensions that the kernels were compiled for, with a null at the end.
extern const char *const compiledFor[];

} // namespace dualpath::cpu
