#pragma once

#include "lanes.h"
#include "margins.h"

namespace dualpath::functors {

/// Copies images into zeros with margins. A row is a row of the padded image.
template <class T> struct PadImage {
  const T *image;
  T *padded;
  Margins margins;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t line = row % margins.paddedHeight() - margins.top, n = row / margins.paddedHeight();
    const bool inside = line >= 0 && line < margins.height;
    const T *source = image + (n * margins.height + line) * margins.inner - margins.before;
    T *target = padded + row * margins.paddedInner();
    const int64_t begin = margins.before, end = margins.before + margins.inner;
    lanes.each(margins.paddedInner(),
               [=](int64_t i) { target[i] = inside && i >= begin && i < end ? source[i] : T{0}; });
  }
};

/// Takes the margins off again. A row is a row of the image.
template <class T> struct CropImage {
  const T *padded;
  T *image;
  Margins margins;

  template <class Lanes> HD void operator()(int64_t row, Lanes lanes) const {
    const int64_t line = row % margins.height + margins.top, n = row / margins.height;
    const T *source = padded + (n * margins.paddedHeight() + line) * margins.paddedInner() + margins.before;
    T *target = image + row * margins.inner;
    lanes.each(margins.inner, [=](int64_t i) { target[i] = source[i]; });
  }
};

} // namespace dualpath::functors
