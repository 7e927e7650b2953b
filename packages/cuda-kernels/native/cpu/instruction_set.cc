#include "instruction_set.h"

namespace dualpath::cpu {

// Data, not code: this file is compiled for the build machine and read before it is known that such code runs
// here.
const char *const compiledFor[] = {
#ifdef __AVX2__
    "avx2",
#endif
#ifdef __FMA__
    "fma",
#endif
#ifdef __AVX512F__
    "avx512f",
#endif
#ifdef __AVX512BW__
    "avx512bw",
#endif
#ifdef __AVX512VL__
    "avx512vl",
#endif
#ifdef __AVX512DQ__
    "avx512dq",
#endif
    nullptr};

} // namespace dualpath::cpu
