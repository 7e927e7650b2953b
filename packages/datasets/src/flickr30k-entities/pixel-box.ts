/** A box of pixels, 1-based and inclusive as the annotations have it: `right - left + 1` is its width. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Pixels of a box. */
export function boxArea({ left, top, right, bottom }: PixelBox): number {
  return Math.max(0, right - left + 1) * Math.max(0, bottom - top + 1);
}

/**
 * The box that encloses all: the ground truth of a phrase with several boxes (its protocol). Undefined for
 * none.
 */
export function unionBox(boxes: readonly PixelBox[]): PixelBox | undefined {
  const [first] = boxes;
  if (!first) return undefined;
  return boxes.reduce(
    (union, box) => ({
      left: Math.min(union.left, box.left),
      top: Math.min(union.top, box.top),
      right: Math.max(union.right, box.right),
      bottom: Math.max(union.bottom, box.bottom),
    }),
    first,
  );
}

/** Intersection over union in [0, 1], pixels counted inclusively. */
export function intersectionOverUnion(a: PixelBox, b: PixelBox): number {
  const shared = boxArea({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared);
}

/** Box `index` of packed boxes, float32 [N, 4]: left, top, right, bottom. */
export function boxAt(boxes: Float32Array, index: number): PixelBox {
  const [left = 0, top = 0, right = -1, bottom = -1] = boxes.subarray(index * 4, index * 4 + 4);
  return { left, top, right, bottom };
}

/**
 * The largest overlap of any proposal with a box; with 0.5 as the bar this is the proposal oracle. 0 for
 * none.
 */
export function bestOverlap(proposals: Float32Array, box: PixelBox): number {
  let best = 0;
  for (let index = 0; index < proposals.length / 4; index++)
    best = Math.max(best, intersectionOverUnion(boxAt(proposals, index), box));
  return best;
}
