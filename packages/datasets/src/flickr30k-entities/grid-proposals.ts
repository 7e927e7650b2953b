import { DatasetError } from "../errors.js";

/** Sizes and places of the boxes of a grid. */
export interface GridOptions {
  /** Square roots of the boxes' share of the image; default 1, 0.75, 0.5, 0.35, 0.25. */
  readonly scales?: readonly number[];
  /** Width over height, relative to the image's own; default 0.5, 1, 2. */
  readonly aspects?: readonly number[];
  /** Step between boxes as a share of their extent; default 0.5. */
  readonly step?: number;
}

const USUAL: Required<GridOptions> = { scales: [1, 0.75, 0.5, 0.35, 0.25], aspects: [0.5, 1, 2], step: 0.5 };
const SMALLEST_STEP = 0.05;

function checkOptions({ scales, aspects, step }: Required<GridOptions>): void {
  const inRange = (value: number, most: number) => value > 0 && value <= most;
  if (!scales.every((scale) => scale >= SMALLEST_STEP && inRange(scale, 1)))
    throw new DatasetError(
      "OPTION",
      `grid: scales must lie in ${SMALLEST_STEP}..1, got ${scales.join(", ")}`,
    );
  if (!aspects.every((aspect) => inRange(aspect, 100)) || !(step >= SMALLEST_STEP && inRange(step, 1)))
    throw new DatasetError("OPTION", "grid: aspects must lie in 0..100 and step in 0.05..1");
}

/** Starts of boxes of `extent` that cover 1 .. `size` evenly, about `step * extent` apart. */
function starts(size: number, extent: number, step: number): number[] {
  const free = size - extent;
  const count = Math.ceil(free / Math.max(1, extent * step)) + 1;
  return Array.from(
    { length: count },
    (_, index) => 1 + Math.round(count === 1 ? 0 : (free * index) / (count - 1)),
  );
}

/**
 * Boxes of several sizes and shapes all over an image, large ones first: proposals without any program.
 * Float32 [N, 4]: left, top, right, bottom, 1-based and inclusive. Errors: `OPTION`.
 */
export function gridProposals(
  { width, height }: { readonly width: number; readonly height: number },
  options: GridOptions = {},
): Float32Array {
  const settings = { ...USUAL, ...options };
  checkOptions(settings);
  const seen = new Map<string, readonly number[]>();
  for (const scale of settings.scales)
    for (const aspect of settings.aspects) {
      const boxWidth = Math.max(1, Math.min(width, Math.round(width * scale * Math.sqrt(aspect))));
      const boxHeight = Math.max(1, Math.min(height, Math.round((height * scale) / Math.sqrt(aspect))));
      for (const top of starts(height, boxHeight, settings.step))
        for (const left of starts(width, boxWidth, settings.step)) {
          const box = [left, top, left + boxWidth - 1, top + boxHeight - 1];
          seen.set(box.join(), box);
        }
    }
  return Float32Array.from([...seen.values()].flat());
}
