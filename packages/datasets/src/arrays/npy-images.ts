import { DatasetError } from "../errors.js";
import type { ImageRows } from "../loader/image-rows.js";
import type { NpyFile } from "./npy.js";

/** What becomes of the regions of an image. */
export type RegionRule = "mean" | "flatten";

/** Images whose features lie in a `.npy` file, [N, D] or [N, regions, D]; image i is row `i * rowStep`. */
export interface NpyPart {
  readonly features: NpyFile;
  readonly rowStep: number;
  readonly images: number;
}

function dimensionOf({ features }: NpyPart, regions: RegionRule): number {
  return regions === "mean" ? (features.shape.at(-1) as number) : features.rowSize;
}

/** The mean over the regions of a row, as SCAN's users pool them for one vector an image. */
function meanRegion(row: Float32Array, dimension: number): Float32Array {
  const mean = new Float32Array(dimension);
  const count = row.length / dimension;
  for (let place = 0; place < row.length; place++)
    mean[place % dimension] = (mean[place % dimension] as number) + (row[place] as number) / count;
  return mean;
}

function locate(parts: readonly NpyPart[], image: number): { part: NpyPart; row: number } {
  let first = 0;
  for (const part of parts) {
    if (image < first + part.images) return { part, row: (image - first) * part.rowStep };
    first += part.images;
  }
  throw new DatasetError("OPTION", `image row ${image} is not in 0..${first - 1}`);
}

/**
 * Features of all parts, one after another, read by position. Errors: `FEATURES_MISMATCH` for differing
 * dimensions.
 */
export function npyImages(parts: readonly NpyPart[], regions: RegionRule): ImageRows {
  const dimensions = new Set(parts.map((part) => dimensionOf(part, regions)));
  const [dimension] = dimensions;
  if (dimension === undefined || dimensions.size !== 1)
    throw new DatasetError(
      "FEATURES_MISMATCH",
      `the splits have features of different dimensions (${[...dimensions].join(", ")}); take all files of one download`,
    );
  return {
    kind: "features",
    count: parts.reduce((sum, { images }) => sum + images, 0),
    shape: [dimension],
    read: async (rows) => {
      const target = new Float32Array(rows.length * dimension);
      for (let index = 0; index < rows.length; index++) {
        const { part, row } = locate(parts, rows[index] as number);
        const values = await part.features.read(row, 1);
        target.set(regions === "mean" ? meanRegion(values, dimension) : values, index * dimension);
      }
      return target;
    },
    close: async () => {
      for (const { features } of parts) await features.close();
    },
  };
}
