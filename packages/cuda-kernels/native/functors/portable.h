#pragma once

#include <cstdint>

// The subset of C++ that g++ and nvcc both compile: every functor includes this header and nothing of a
// backend.

#if defined(__CUDACC__)
#define HD __host__ __device__ __forceinline__
#else
#define HD inline __attribute__((always_inline))
#endif

namespace dualpath::math {

HD int32_t bits(float value) { return __builtin_bit_cast(int32_t, value); }
HD float fromBits(int32_t value) { return __builtin_bit_cast(float, value); }

template <class T> HD T minimum(T a, T b) { return b < a ? b : a; }
template <class T> HD T maximum(T a, T b) { return a < b ? b : a; }
HD float absolute(float value) { return value < 0.0f ? -value : value; }
HD float infinity() { return __builtin_huge_valf(); }

HD float sqrt(float value) { return __builtin_sqrtf(value); }
HD double sqrt(double value) { return __builtin_sqrt(value); }

/// e^x within 1 ulp or so, in operations that g++ vectorises. Cody-Waite reduction and the Cephes polynomial;
/// overflow gives infinity, underflow goes through the subnormal numbers to 0, NaN stays.
HD float exp(float x) {
#if defined(__CUDA_ARCH__)
  return ::expf(x);
#else
  constexpr float shift = 12582912.0f; // 1.5 * 2^23: adding it rounds to a whole number held in the low bits
  const float upper = x > 89.0f ? 89.0f : x;
  const float bounded = upper < -104.0f ? -104.0f : upper;
  const float shifted = bounded * 1.44269504088896341f + shift;
  const float whole = shifted - shift;
  const float r = (bounded - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float mantissa = p * (r * r) + r + 1.0f;
  const int32_t exponent = bits(shifted) - bits(shift);
  const int32_t half = exponent >> 1; // two factors, since 2^exponent alone may leave the range of float
  return mantissa * fromBits((half + 127) << 23) * fromBits((exponent - half + 127) << 23);
#endif
}

/// Natural logarithm: reduction to [sqrt(1/2), sqrt(2)) and the Cephes polynomial. log(0) = -infinity, log(x
/// < 0) = NaN.
HD float log(float x) {
#if defined(__CUDA_ARCH__)
  return ::logf(x);
#else
  const bool subnormal = x < 1.17549435e-38f;
  const int32_t word = bits(subnormal ? x * 8388608.0f : x);
  const int32_t exponent = (word - 0x3f3504f3) >> 23;
  const float m = fromBits(word - (exponent << 23)) - 1.0f;
  const float e = static_cast<float>(exponent) - (subnormal ? 23.0f : 0.0f);
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  const float small = p * m * square - e * 2.12194440e-4f - 0.5f * square;
  const float regular = m + small + e * 0.693359375f;
  const float positive = x < infinity() ? regular : x;
  const float bounded = x == 0.0f ? -infinity() : positive;
  return x < 0.0f ? __builtin_nanf("") : bounded;
#endif
}

/// log(1 + u) for u in [0, 1], exact to a few ulp also where 1 + u rounds.
HD float log1p(float u) {
  const float sum = 1.0f + u;
  const float ratio = sum == 1.0f ? 1.0f : u / (sum == 1.0f ? 1.0f : sum - 1.0f);
  return sum == 1.0f ? u : log(sum) * ratio;
}

HD float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

/// base^exponent by squaring, in double: the bias corrections of Adam cancel in float.
HD double power(double base, uint32_t exponent) {
  double result = 1.0;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1)
      result *= base;
  return result;
}

} // namespace dualpath::math
