#include "processor.h"

#include "failure.h"

namespace dualpath {

/// The compiler's builtin takes literals only.
bool processorHas(std::string_view name) {
#if defined(__x86_64__)
  if (name == "avx2")
    return __builtin_cpu_supports("avx2");
  if (name == "fma")
    return __builtin_cpu_supports("fma");
  if (name == "avx512f")
    return __builtin_cpu_supports("avx512f");
  if (name == "avx512bw")
    return __builtin_cpu_supports("avx512bw");
  if (name == "avx512vl")
    return __builtin_cpu_supports("avx512vl");
  if (name == "avx512dq")
    return __builtin_cpu_supports("avx512dq");
  if (name == "avx512bf16")
    return __builtin_cpu_supports("avx512bf16");
#endif
  return name.empty();
}

void requireProcessor(const char *const *compiledFor) {
  for (; *compiledFor; ++compiledFor)
    if (!processorHas(*compiledFor))
      throw Failure(Code::Device,
                    std::string("processor: expected ") + *compiledFor +
                        ", for which this build was made, got none; " +
                        "build again on this machine with `npx nx run cuda-kernels:build-native`",
                    {{"extension", std::string(*compiledFor)}});
}

} // namespace dualpath
