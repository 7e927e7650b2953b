#pragma once

#include "../engine/biased_product.h"

namespace dualpath::cuda {

/// What a library does with a product before it writes it.
enum class Epilogue { None, Bias, BiasRelu };

inline Epilogue epilogueOf(const BiasedProduct &whole) {
  return whole.relu ? Epilogue::BiasRelu : Epilogue::Bias;
}

/// What stands behind a kernel's name.
inline const char *printed(Epilogue epilogue) {
  return epilogue == Epilogue::None ? "" : epilogue == Epilogue::Bias ? " with bias" : " with bias and ReLU";
}

} // namespace dualpath::cuda
