#pragma once

#include "portable.h"

namespace dualpath::functors {

/// Plain images with a margin: rows of the padded image, `inner` = width by channels numbers of the image
/// each.
struct Margins {
  int64_t height, top, bottom;  // rows of the image, and of the margin
  int64_t inner, before, after; // numbers in a row
  HD int64_t paddedHeight() const { return top + height + bottom; }
  HD int64_t paddedInner() const { return before + inner + after; }
};

} // namespace dualpath::functors
